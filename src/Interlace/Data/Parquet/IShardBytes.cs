namespace Interlace.Data.Parquet;

/// <summary>The bytes of a Parquet file, wherever it lies. They are read by one thread at a time.</summary>
internal interface IShardBytes : IDisposable
{
    /// <summary>Bytes of the file.</summary>
    long Length { get; }

    /// <summary>Bytes at a place; fewer than asked for only at the end of the file.</summary>
    int ReadAt(long position, Span<byte> buffer);

    /// <summary>Says which bytes will be read soon, so that what lies far away comes in few pieces.</summary>
    void Expect(IEnumerable<ByteRange> ranges) { }

    /// <summary>Says that what was read so far will not be read again.</summary>
    void Forget() { }
}
