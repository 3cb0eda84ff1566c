using System.Net;

namespace Interlace.Vlm.Hub;

/// <summary>
/// Brings one content into the cache: on from what an earlier attempt left, checked by size and hash before it appears under its name.
/// </summary>
/// <param name="http">The requests.</param>
/// <param name="repository">What it belongs to, for messages; null where that is no repository.</param>
/// <param name="progress">Told the bytes that came, piece by piece; a negative number where they were of no use.</param>
internal sealed class BlobDownload(HubHttp http, HubRepository? repository, IProgress<long>? progress)
{
    private const int Buffer = 1 << 17, WrongHashes = 2, FruitlessAttempts = 5;
    private const long Fruit = 1 << 16;   // bytes that make an attempt worth another at once

    private long _came;   // what was reported and still counts

    /// <summary>Fetches a content to a place.</summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="file">Its size and hash.</param>
    /// <param name="partial">Where it grows; what an earlier attempt left there is gone on with.</param>
    /// <param name="target">Where it stands when it is whole and right.</param>
    /// <param name="cancellation">Ends it; what came is kept.</param>
    /// <exception cref="InputException">It cannot be had, or what comes is something else.</exception>
    public async Task To(Uri address, ExpectedContent file, string partial, string target, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        for (int attempt = 1; ; attempt++)
        {
            string found;
            using (var stream = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0))
            {
                if (stream.Length > file.Size) stream.SetLength(0);
                await Fill(stream, address, file, cancellation).ConfigureAwait(false);
                found = await file.HashOf(stream, cancellation).ConfigureAwait(false);
                if (found == file.Hash)
                {
                    stream.Flush(flushToDisk: true);
                    break;
                }
                Forget(stream);   // nothing of it can be believed
            }
            File.Delete(partial);
            if (attempt == WrongHashes)
            {
                throw new InputException($"{file.Name} comes with another content than it should (its {file.HashName} is {found}, not "
                    + $"{file.Hash}): look at the address it comes from, and give the command again.");
            }
        }
        File.Move(partial, target, overwrite: true);
    }

    /// <summary>Fills a file up to its size, however often that breaks off, as long as it comes on.</summary>
    private async Task Fill(FileStream stream, Uri address, ExpectedContent file, CancellationToken cancellation)
    {
        for (int fruitless = 0; stream.Length < file.Size;)
        {
            long before = stream.Length;
            Exception? broken = null;
            try
            {
                await Attempt(stream, address, file, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (HubHttp.IsOutage(e))
            {
                broken = e;
            }
            if (stream.Length == file.Size) return;
            fruitless = stream.Length - before >= Fruit ? 0 : fruitless + 1;
            if (fruitless == FruitlessAttempts) throw http.Unreachable(broken ?? new IOException("the answer ends too early"));
            await Task.Delay(http.Settings.Pause * fruitless, cancellation).ConfigureAwait(false);
        }
    }

    private async Task Attempt(FileStream stream, Uri address, ExpectedContent file, CancellationToken cancellation)
    {
        long from = stream.Length;
        using var answer = await http.Get(address, repository, cancellation, from > 0 ? from : null).ConfigureAwait(false);
        bool goesOn = from > 0 && answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == from;
        if (from > 0 && !goesOn)
            Forget(stream);   // a server without ranges begins again
        if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable
            || (answer.StatusCode == HttpStatusCode.PartialContent && !goesOn))
            return;
        stream.Position = stream.Length;
        using var content = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        byte[] buffer = new byte[Buffer];
        int read;
        while ((read = await http.Within(limit => content.ReadAsync(buffer, limit).AsTask(), cancellation).ConfigureAwait(false)) > 0)
        {
            if (stream.Length + read > file.Size)
            {
                throw new InputException($"{file.Name} comes with more bytes than the {file.Size} it should have: "
                    + "look at the address it comes from.");
            }
            await Write(stream, buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            _came += read;
            progress?.Report(read);
        }
    }

    /// <summary>What the disk refuses is no fault of the connection.</summary>
    private static async Task Write(FileStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new InputException($"{stream.Name} cannot be written: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private void Forget(FileStream stream)
    {
        stream.SetLength(0);
        progress?.Report(-_came);
        _came = 0;
    }
}
