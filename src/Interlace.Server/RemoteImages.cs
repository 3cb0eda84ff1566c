using System.Net;
using System.Net.Sockets;

namespace Interlace.Server;

/// <summary>
/// Fetches images from the web for callers: http and https alone, from addresses of the open internet alone, within a time and a size. The
/// address that is looked at is the one that is connected to, and each redirect is looked at again.
/// </summary>
/// <param name="isAllowed">Whether an address may be connected to.</param>
/// <param name="mostBytes">Bytes of an image.</param>
internal sealed class RemoteImages(Func<IPAddress, bool> isAllowed, long mostBytes) : IDisposable
{
    private const int MostRedirects = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseProxy = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = (context, cancellation) => Connect(context.DnsEndPoint, isAllowed, cancellation),
    }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The bytes at an address.</summary>
    /// <exception cref="RequestException">They cannot be had, or may not.</exception>
    public async Task<byte[]> Fetch(Uri address, string name, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            for (int i = 0; i <= MostRedirects; i++)
            {
                if (address.Scheme is not ("http" or "https")) throw Refusal(name, "only http and https addresses are fetched");
                using var answer = await _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, patience.Token)
                    .ConfigureAwait(false);
                if ((int)answer.StatusCode is >= 300 and < 400 && answer.Headers.Location is { } next)
                {
                    address = new Uri(address, next);
                    continue;
                }
                if (!answer.IsSuccessStatusCode) throw Refusal(name, $"its host answers with status {(int)answer.StatusCode}");
                return await Read(answer.Content, name, patience.Token).ConfigureAwait(false);
            }
            throw Refusal(name, $"there are more than {MostRedirects} redirects");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Refusal(name, $"it does not come within {Patience.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            throw Refusal(name, e.InnerException is ForbiddenAddressException
                ? "its host is not in the open internet" : "its host cannot be reached");
        }
        catch (IOException)
        {
            throw Refusal(name, "the connection broke off");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<byte[]> Read(HttpContent content, string name, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > mostBytes) throw TooLarge(name);
        using var stream = await content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        while (await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and int count)
        {
            if (bytes.Length + count > mostBytes) throw TooLarge(name);
            bytes.Write(buffer, 0, count);
        }
        return bytes.ToArray();
    }

    private static async ValueTask<Stream> Connect(DnsEndPoint host, Func<IPAddress, bool> isAllowed, CancellationToken cancellation)
    {
        IPAddress[] found = await Dns.GetHostAddressesAsync(host.Host, cancellation).ConfigureAwait(false);
        IPAddress[] allowed = [.. found.Where(isAllowed)];
        if (allowed.Length == 0) throw new ForbiddenAddressException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, host.Port, cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private RequestException TooLarge(string name) => Refusal(name, $"it has more than {mostBytes} bytes");

    private static RequestException Refusal(string name, string why) =>
        new(400, $"{name} cannot be fetched: {why}.", "messages", "invalid_image_url");

    private sealed class ForbiddenAddressException : IOException;
}
