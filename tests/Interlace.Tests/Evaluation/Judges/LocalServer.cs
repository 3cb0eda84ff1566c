using System.Collections.Concurrent;
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

    private readonly LoopbackServer _server;
    private readonly Func<int, Request, Task<Answer?>> _answer;
    private int _count;

    /// <param name="answer">(number of the request from 0, the request) to what is done with it.</param>
    public LocalServer(Func<int, Request, Task<Answer?>> answer)
    {
        _answer = answer;
        _server = new(Reply);
    }

    public LocalServer(Func<int, Request, Answer?> answer) : this((number, request) => Task.FromResult(answer(number, request))) { }

    public string Address => $"{_server.Address}/v1";

    public ConcurrentQueue<Request> Requests { get; } = new();

    /// <summary>An ordinary answer with a text.</summary>
    public static Answer Says(string text)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = text };
        return new(200, new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["message"] = message }) }.ToJsonString());
    }

    public void Dispose() => _server.Dispose();

    private async Task Reply(LoopbackServer.Request asked, NetworkStream stream, CancellationToken end)
    {
        var request = new Request(asked.Head, JsonNode.Parse(asked.Body)!);
        Requests.Enqueue(request);
        if (await _answer(Interlocked.Increment(ref _count) - 1, request) is not { } answer) return;
        byte[] body = Encoding.UTF8.GetBytes(answer.Body);
        string head = $"HTTP/1.1 {answer.Status} X\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{answer.Headers}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), end);
        await stream.WriteAsync(body, end);
    }
}
