using System.Net;
using System.Security.Cryptography;

namespace Interlace.Vlm.Hub;

/// <summary>A file at a published address, known by its MD5.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Address">Where it is published.</param>
/// <param name="Md5">Its MD5, in lower-case hexadecimal.</param>
public sealed record WebFile(string Name, Uri Address, string Md5)
{
    private const string Hub = "https://huggingface.co/", HalfEnding = ".incomplete";

    /// <summary>Fetches the file, on from where an earlier attempt stopped; what is there already and right stays.</summary>
    /// <param name="target">Where it is to stand.</param>
    /// <param name="settings">How it is asked for; what lies on Hugging Face's hub comes from the endpoint.</param>
    /// <param name="begin">Given the bytes that are still to come, gives who is told of those that came.</param>
    /// <param name="cancellation">Ends it; what came is kept.</param>
    /// <returns>Bytes of the file.</returns>
    /// <exception cref="InputException">It is not there, or another file than the published one.</exception>
    public long Fetch(string target, HubSettings settings, Func<long, IProgress<long>?>? begin = null,
        CancellationToken cancellation = default) =>
        FetchAll(target, settings, begin, cancellation).GetAwaiter().GetResult();

    private async Task<long> FetchAll(string target, HubSettings settings, Func<long, IProgress<long>?>? begin,
        CancellationToken cancellation)
    {
        var expected = new ExpectedContent(Name, 0, Md5, HashAlgorithmName.MD5, "MD5", []);
        if (File.Exists(target))
        {
            using var there = new FileStream(target, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (await expected.HashOf(there, cancellation).ConfigureAwait(false) == Md5) return there.Length;
            throw new InputException($"{target} is there and is another file than the published one: move it away, or name another "
                + $"folder.");
        }
        if (settings.IsOffline) throw new InputException($"{Name} has to be fetched, and HF_HUB_OFFLINE forbids it: unset that.");
        using var http = new HubHttp(settings);
        string text = Address.AbsoluteUri;
        Uri address = text.StartsWith(Hub, StringComparison.Ordinal)
            ? new($"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{text[Hub.Length..]}") : Address;
        long size = await SizeOf(http, address, cancellation).ConfigureAwait(false);
        string partial = target + HalfEnding;
        long missing = size - (File.Exists(partial) ? Math.Min(size, new FileInfo(partial).Length) : 0);
        Checkpoints.FreeSpace.Check(target, missing, $"{Name} in {Path.GetDirectoryName(Path.GetFullPath(target))}");
        await new BlobDownload(http, null, begin?.Invoke(missing)).To(address, expected with { Size = size }, partial, target, cancellation)
            .ConfigureAwait(false);
        return size;
    }

    private async Task<long> SizeOf(HubHttp http, Uri address, CancellationToken cancellation)
    {
        using var answer = await http.Get(address, null, cancellation, 0, 0).ConfigureAwait(false);
        long? size = answer.StatusCode == HttpStatusCode.OK ? answer.Content.Headers.ContentLength
            : answer.Content.Headers.ContentRange?.Length;
        return size is > 0 and < 1L << 42 ? size.Value
            : throw new InputException($"{address.GetLeftPart(UriPartial.Authority)} does not say how large {Name} is: name a mirror, "
                + $"or fetch it by hand.");
    }
}
