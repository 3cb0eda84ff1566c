using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Interlace.Tests.Evaluation.Judges;

/// <summary>A chat server on this machine that does what a test wants, answer by answer.</summary>
internal sealed class LocalServer : IDisposable
{
    /// <summary>What the server does with one request; null closes the connection without a word.</summary>
    internal sealed record Answer(int Status, string Body, string Headers = "");

    internal sealed record Request(string Head, JsonNode Body);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<int, Request, Task<Answer?>> _answer;
    private int _count;

    /// <param name="answer">(number of the request from 0, the request) to what is done with it.</param>
    public LocalServer(Func<int, Request, Task<Answer?>> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Serve();
    }

    public LocalServer(Func<int, Request, Answer?> answer) : this((number, request) => Task.FromResult(answer(number, request))) { }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}/v1";

    public ConcurrentQueue<Request> Requests { get; } = new();

    /// <summary>An ordinary answer with a text.</summary>
    public static Answer Says(string text) => new(200, new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text } }) }.ToJsonString());

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                _ = Task.Run(() => Talk(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
    }

    private async Task Talk(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await Read(stream) is not { } request) return;
                Requests.Enqueue(request);
                if (await _answer(Interlocked.Increment(ref _count) - 1, request) is not { } answer) return;
                byte[] body = Encoding.UTF8.GetBytes(answer.Body);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer.Status} X\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{answer.Headers}\r\n"), _end.Token);
                await stream.WriteAsync(body, _end.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException) { }
        }
    }

    private async Task<Request?> Read(NetworkStream stream)
    {
        List<byte> bytes = [];
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            int n = await stream.ReadAsync(buffer, _end.Token);
            if (n == 0) return null;
            bytes.AddRange(buffer.AsSpan(0, n));
            byte[] all = [.. bytes];
            int end = all.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end < 0) continue;
            string head = Encoding.ASCII.GetString(all, 0, end);
            int length = int.Parse(head.Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1], CultureInfo.InvariantCulture);
            if (all.Length >= end + 4 + length) return new(head, JsonNode.Parse(all.AsSpan(end + 4, length))!);
        }
    }
}
