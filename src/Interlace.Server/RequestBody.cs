using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary>The body of a request, within bounds of size and time.</summary>
internal static class RequestBody
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>A page of another origin can send plain text without being asked, and not JSON.</summary>
    /// <exception cref="RequestException">The body is not said to be JSON.</exception>
    public static void CheckJson(HttpRequest request)
    {
        string type = (request.ContentType ?? "").Split(';')[0].Trim();
        if (!type.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            throw new RequestException(415, "The body must be JSON: send 'Content-Type: application/json'.", code: "not_json");
    }

    /// <summary>All of it.</summary>
    /// <exception cref="RequestException">It has more bytes than it may have, or does not come.</exception>
    public static async Task<ReadOnlyMemory<byte>> Read(HttpRequest request, long mostBytes, CancellationToken cancellation)
    {
        if (request.ContentLength > mostBytes) throw TooLarge(mostBytes);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var body = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (await request.Body.ReadAsync(buffer, patience.Token).ConfigureAwait(false) is > 0 and int count)
            {
                if (body.Length + count > mostBytes) throw TooLarge(mostBytes);
                body.Write(buffer, 0, count);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new RequestException(408, $"The body did not come within {Patience.TotalSeconds:0} s.", code: "timeout");
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static RequestException TooLarge(long mostBytes) =>
        new(413, $"The request has more than the {mostBytes} bytes that are taken: make its images smaller.", code: "request_too_large");
}
