namespace Interlace.Data.Parquet;

/// <summary>A run of bytes of a file.</summary>
internal readonly record struct ByteRange(long Start, long Length)
{
    public long End => Start + Length;
}
