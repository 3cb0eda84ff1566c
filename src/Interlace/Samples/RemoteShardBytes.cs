using Interlace.Data.Parquet;
using Interlace.Vlm.Hub;
using Microsoft.Win32.SafeHandles;

namespace Interlace.Samples;

/// <summary>
/// A Parquet file on the hub, read by parts. What came lies in a scratch file at the same places; the end of the file, with its footer, is
/// kept beside it, so that it comes once, whoever opens the file again.
/// </summary>
internal sealed class RemoteShardBytes : IShardBytes
{
    private const int SmallestTail = 1 << 10, LargestTail = 1 << 16, TailShare = 256;   // a guess of the footer's share of a file
    private const long Gap = 1 << 11;   // a request costs more than so many bytes

    private readonly HubReader _reader;
    private readonly HubListing _listing;
    private readonly HubFile _file;
    private readonly string _tailPath, _scratchPath;
    private readonly CancellationToken _cancellation;
    private readonly List<ByteRange> _there = [];   // in the scratch file
    private SafeFileHandle? _scratch;
    private byte[] _tail;

    /// <param name="reader">Reads parts.</param>
    /// <param name="listing">The repository.</param>
    /// <param name="file">The file in it.</param>
    /// <param name="tailPath">Where the end of the file is kept.</param>
    /// <param name="scratchPath">The scratch file, deleted with this.</param>
    /// <param name="cancellation">Ends a reading.</param>
    public RemoteShardBytes(HubReader reader, HubListing listing, HubFile file, string tailPath, string scratchPath,
        CancellationToken cancellation)
    {
        (_reader, _listing, _file, _tailPath, _scratchPath, _cancellation) = (reader, listing, file, tailPath, scratchPath, cancellation);
        _tail = File.Exists(tailPath) && new FileInfo(tailPath).Length <= file.Size ? File.ReadAllBytes(tailPath) : [];
    }

    /// <inheritdoc/>
    public long Length => _file.Size;

    /// <inheritdoc/>
    public int ReadAt(long position, Span<byte> buffer)
    {
        int length = (int)Math.Clamp(Length - position, 0, buffer.Length);
        if (length == 0) return 0;
        // The last bytes are asked for first, and what they say of the footer's length next.
        if (position + length == Length && _tail.Length < length)
            ReadTail(Math.Max(length, Math.Clamp(Length / TailShare, SmallestTail, LargestTail)));
        bool isFooter = position < Length - _tail.Length && position + length > Length - _tail.Length && position + length + 8 >= Length;
        if (isFooter) ReadTail(Length - position);   // longer than was guessed
        int before = (int)Math.Clamp(Length - _tail.Length - position, 0, length);
        if (before > 0) ReadScratch(position, buffer[..before]);
        if (before < length)
            _tail.AsSpan((int)(position + before - (Length - _tail.Length)), length - before).CopyTo(buffer[before..]);
        return length;
    }

    /// <inheritdoc/>
    public void Expect(IEnumerable<ByteRange> ranges)
    {
        foreach (ByteRange range in Joined(ranges))
            foreach (ByteRange missing in Missing(range)) Fetch(missing);
    }

    /// <inheritdoc/>
    public void Forget()
    {
        _there.Clear();
        if (_scratch is not null) RandomAccess.SetLength(_scratch, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scratch?.Dispose();
        File.Delete(_scratchPath);
    }

    private void ReadScratch(long position, Span<byte> buffer)
    {
        Expect([new ByteRange(position, buffer.Length)]);
        for (int read = 0; read < buffer.Length;)
        {
            int some = RandomAccess.Read(_scratch!, buffer[read..], position + read);
            read += some > 0 ? some : throw new EndOfStreamException("The scratch file ends too early.");
        }
    }

    /// <summary>Fetches the end of the file up to a length, as far as it is not there, and keeps it.</summary>
    private void ReadTail(long length)
    {
        byte[] tail = new byte[Math.Min(length, Length)];
        int more = tail.Length - _tail.Length, at = 0;
        _reader.Read(_listing, _file, Length - tail.Length, more, piece =>
        {
            piece.Span.CopyTo(tail.AsSpan(at));
            at += piece.Length;
        }, _cancellation);
        _tail.CopyTo(tail, more);
        _tail = tail;
        string beside = _tailPath + ".partial";
        File.WriteAllBytes(beside, tail);
        File.Move(beside, _tailPath, overwrite: true);
    }

    private void Fetch(ByteRange range)
    {
        _scratch ??= File.OpenHandle(_scratchPath, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        long at = range.Start;
        _reader.Read(_listing, _file, range.Start, range.Length, piece =>
        {
            RandomAccess.Write(_scratch, piece.Span, at);
            at += piece.Length;
        }, _cancellation);
        _there.Add(range);
    }

    /// <summary>Ranges in their order, those that nearly touch as one.</summary>
    private static List<ByteRange> Joined(IEnumerable<ByteRange> ranges)
    {
        List<ByteRange> joined = [];
        foreach (ByteRange range in ranges.Where(range => range.Length > 0).OrderBy(range => range.Start))
        {
            if (joined.Count > 0 && range.Start - joined[^1].End <= Gap)
                joined[^1] = joined[^1] with { Length = Math.Max(joined[^1].End, range.End) - joined[^1].Start };
            else joined.Add(range);
        }
        return joined;
    }

    /// <summary>The parts of a range that have not come.</summary>
    private List<ByteRange> Missing(ByteRange range)
    {
        List<ByteRange> missing = [];
        long at = range.Start, end = Math.Min(range.End, Length - _tail.Length);   // the rest is kept
        foreach (ByteRange there in _there.Where(there => there.End > range.Start && there.Start < range.End).OrderBy(there => there.Start))
        {
            if (Math.Min(there.Start, end) > at) missing.Add(new ByteRange(at, Math.Min(there.Start, end) - at));
            at = Math.Max(at, there.End);
        }
        if (at < end) missing.Add(new ByteRange(at, end - at));
        return missing;
    }
}
