using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Interlace.Tests;

/// <summary>
/// Takes connections on a free port of this machine, reads one request of each, hands it to what answers it, and closes it.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<Request, NetworkStream, CancellationToken, Task> _answer;

    /// <summary>A request.</summary>
    /// <param name="Head">Its first line and headers.</param>
    /// <param name="Body">What follows, as much as its <c>Content-Length</c> says.</param>
    internal sealed record Request(string Head, byte[] Body)
    {
        /// <summary>Path and query.</summary>
        public string Path => Head.Split(' ')[1];

        /// <summary>The value of a header; null where it is absent.</summary>
        public string? Header(string name) => Array.Find(Head.Split("\r\n"),
            line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
    }

    /// <param name="answer">Writes what it likes, or nothing at all; it is told when the test is over.</param>
    public LoopbackServer(Func<Request, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Serve();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Without a slash at the end.</summary>
    public string Address => $"http://127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}";

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
                if (await Read(stream) is { } request) await _answer(request, stream, _end.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException) { }
        }
    }

    private async Task<Request?> Read(NetworkStream stream)
    {
        List<byte> bytes = [];
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            int count = await stream.ReadAsync(buffer, _end.Token);
            if (count == 0) return null;
            bytes.AddRange(buffer.AsSpan(0, count));
            byte[] all = [.. bytes];
            int end = all.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end < 0) continue;
            var request = new Request(Encoding.ASCII.GetString(all, 0, end), all[(end + 4)..]);
            int length = int.Parse(request.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture);
            if (request.Body.Length >= length) return request with { Body = request.Body[..length] };
        }
    }
}
