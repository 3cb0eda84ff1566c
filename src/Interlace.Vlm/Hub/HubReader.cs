using System.Collections.Concurrent;
using System.Net;

namespace Interlace.Vlm.Hub;

/// <summary>Lists of files and parts of files on the hub, without a cache. Several threads may read.</summary>
/// <param name="settings">Where the hub is, and who asks.</param>
public sealed class HubReader(HubSettings settings) : IDisposable
{
    private const int FruitlessAttempts = 5;

    private readonly HubHttp _http = new(settings);
    private readonly ConcurrentDictionary<Uri, Uri> _stores = new();   // where the hub sends on to, as long as that holds
    private long _bytesRead;

    /// <summary>Bytes of files that came so far.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>The files of a repository at the commit that its revision stands for now.</summary>
    /// <exception cref="InputException">It is not there, not for this user, or the hub cannot be reached.</exception>
    public HubListing List(HubRepository repository, CancellationToken cancellation = default)
    {
        if (settings.IsOffline)
            throw new InputException($"{repository.Written} lies on the hub, and HF_HUB_OFFLINE forbids to ask for it: unset that.");
        return HubApi.List(_http, repository, cancellation).GetAwaiter().GetResult();
    }

    /// <summary>Reads a part of a file.</summary>
    /// <param name="listing">The repository.</param>
    /// <param name="file">One of its files.</param>
    /// <param name="from">First byte.</param>
    /// <param name="length">Number of bytes, within the file and above 0.</param>
    /// <param name="take">Given the bytes in their order, piece by piece.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">The hub refuses it, gives no parts, or cannot be reached.</exception>
    public void Read(HubListing listing, HubFile file, long from, long length, Action<ReadOnlyMemory<byte>> take,
        CancellationToken cancellation = default) =>
        ReadAll(listing, file, from, length, take, cancellation).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task ReadAll(HubListing listing, HubFile file, long from, long length, Action<ReadOnlyMemory<byte>> take,
        CancellationToken cancellation)
    {
        if (from < 0 || length < 1 || from > file.Size - length) throw new EndOfStreamException($"{file.Path} ends too early.");
        long end = from + length;
        for (int fruitless = 0; from < end;)
        {
            long before = from;
            try
            {
                using var answer = await Ask(listing, file, from, end - 1, cancellation).ConfigureAwait(false);
                bool isPart = answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == from;
                if (!isPart) throw new InputException($"{settings.Endpoint.Host} gives {file.Path} of {listing.Repository.Written} "
                    + $"only whole, and "
                    + "parts of it are needed: look at HF_ENDPOINT, or fetch the data set and name its folder.");
                using var content = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
                byte[] buffer = new byte[(int)Math.Min(1 << 17, end - from)];
                int read;
                while (from < end && (read = await _http.Within(
                    limit => content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - from)), limit).AsTask(), cancellation)
                    .ConfigureAwait(false)) > 0)
                {
                    Take(take, buffer.AsMemory(0, read));
                    from += read;
                    Interlocked.Add(ref _bytesRead, read);
                }
            }
            catch (Exception e) when (HubHttp.IsOutage(e))
            {
                if (from == before && fruitless + 1 == FruitlessAttempts) throw _http.Unreachable(e);
            }
            if (from == end) return;
            fruitless = from > before ? 0 : fruitless + 1;
            if (fruitless == FruitlessAttempts) throw _http.Unreachable(new IOException("the answer ends too early"));
            await Task.Delay(settings.Pause * fruitless, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What the disk refuses is no fault of the connection.</summary>
    private static void Take(Action<ReadOnlyMemory<byte>> take, ReadOnlyMemory<byte> piece)
    {
        try
        {
            take(piece);
        }
        catch (IOException e)
        {
            throw new InputException($"What comes cannot be written: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Asks the host that the hub sent to the last time; a signed address that has run out is asked of the hub again.</summary>
    private async Task<HttpResponseMessage> Ask(HubListing listing, HubFile file, long from, long to, CancellationToken cancellation)
    {
        Uri address = HubApi.Resolve(settings, listing.Repository, listing.Commit, file.Path);
        if (_stores.TryGetValue(address, out var store))
        {
            try
            {
                return await _http.Get(store, listing.Repository, cancellation, from, to).ConfigureAwait(false);
            }
            catch (InputException)
            {
                _stores.TryRemove(address, out _);
            }
        }
        var answer = await _http.Get(address, listing.Repository, cancellation, from, to).ConfigureAwait(false);
        if (answer.RequestMessage?.RequestUri is { } last && last != address) _stores[address] = last;
        return answer;
    }
}
