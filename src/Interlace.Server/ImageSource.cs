namespace Interlace.Server;

/// <summary>The bytes of a request's images: of data URIs, and of addresses on the web where those are allowed.</summary>
internal sealed class ImageSource(ServerOptions options) : IDisposable
{
    private const string Data = "data:", Base64Mark = ";base64,";
    private readonly RemoteImages? _remote = options.AllowRemoteImages ? new(PublicAddresses.Holds, options.MaxRequestBytes) : null;

    /// <summary>The bytes of an image.</summary>
    /// <param name="url">Where it is.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="cancellation">The caller has left.</param>
    /// <exception cref="RequestException">It cannot be had, or may not.</exception>
    public async Task<byte[]> Bytes(string url, string name, CancellationToken cancellation)
    {
        if (url.StartsWith(Data, StringComparison.OrdinalIgnoreCase)) return OfData(url, name);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address)) throw Wrong(name, "its url is neither a data URI nor an address");
        if (_remote is null)
            throw Wrong(name, "it is named by an address, and this server fetches none: send it as a data URI, data:image/png;base64,...");
        return await _remote.Fetch(address, name, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _remote?.Dispose();

    /// <summary>RFC 2397, with base64. What kind of image it is, its bytes say.</summary>
    private static byte[] OfData(string url, string name)
    {
        int mark = url.IndexOf(',', StringComparison.Ordinal) is >= 0 and int comma ? comma + 1 : url.Length;
        if (!url.AsSpan(0, mark).EndsWith(Base64Mark, StringComparison.OrdinalIgnoreCase))
            throw Wrong(name, "its data URI is not in base64: data:image/png;base64,... is expected");
        try
        {
            return Convert.FromBase64String(url[mark..]);
        }
        catch (FormatException)
        {
            throw Wrong(name, "its data URI holds characters that are no base64");
        }
    }

    private static RequestException Wrong(string name, string why) =>
        new(400, $"{name} cannot be read: {why}.", "messages", "invalid_image_url");
}
