namespace Interlace.Data.Parquet;

/// <summary>
/// A Parquet file as a read-only stream that can stand in for a smaller one: <see cref="Gather"/> lays chosen pages of one column
/// chunk end to end at the chunk's place, so that the Parquet library reads those alone. The rest of the chunk reads as zeros.
/// </summary>
internal sealed class ShardStream : Stream
{
    private readonly IShardBytes _bytes;
    private ByteRange _chunk;
    private IReadOnlyList<PageHeader> _pages = [];

    /// <param name="bytes">The file, wherever it lies; disposed with the stream.</param>
    public ShardStream(IShardBytes bytes) => _bytes = bytes;

    public ShardStream(string path) : this(new LocalShardBytes(path)) { }

    /// <summary>Bytes taken from the file so far.</summary>
    public long BytesRead { get; private set; }

    public override long Length => _bytes.Length;
    public override long Position { get; set; }
    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;

    /// <summary>From now on <paramref name="chunk"/> reads as these pages, one after the other.</summary>
    public void Gather(ByteRange chunk, IReadOnlyList<PageHeader> pages) => (_chunk, _pages) = (chunk, pages);

    /// <summary>Bytes at a place of the true file; fewer than asked for only at its end.</summary>
    public int ReadAt(long position, Span<byte> buffer)
    {
        int total = _bytes.ReadAt(position, buffer);
        BytesRead += total;
        return total;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int read = ReadView(Position, buffer);
        Position += read;
        return read;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush() { }
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _bytes.Dispose();
        base.Dispose(disposing);
    }

    private int ReadView(long position, Span<byte> buffer)
    {
        if (position >= _chunk.Start && position < _chunk.End)
            return ReadPages(position - _chunk.Start, buffer[..(int)Math.Min(buffer.Length, _chunk.End - position)]);
        if (position < _chunk.Start) buffer = buffer[..(int)Math.Min(buffer.Length, _chunk.Start - position)];
        return ReadAt(position, buffer);
    }

    private int ReadPages(long offset, Span<byte> buffer)
    {
        int filled = 0;
        foreach (PageHeader header in _pages)
        {
            ByteRange page = header.Page;
            if (offset < page.Length && filled < buffer.Length)
            {
                int count = (int)Math.Min(buffer.Length - filled, page.Length - offset);
                int read = ReadAt(page.Start + offset, buffer.Slice(filled, count));
                filled += read;
                if (read < count) return filled;
                offset += read;
            }
            offset -= page.Length;
        }
        buffer[filled..].Clear();
        return buffer.Length;
    }
}
