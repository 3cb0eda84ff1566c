using Interlace.Vlm.Files;

namespace Interlace.Data.Parquet;

/// <summary>A Parquet file on this machine.</summary>
internal sealed class LocalShardBytes : IShardBytes
{
    private readonly FileStream _file;

    public LocalShardBytes(string path)
    {
        UserFile.Check(path);
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.RandomAccess);
        Length = _file.Length;
    }

    public long Length { get; }

    public int ReadAt(long position, Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && RandomAccess.Read(_file.SafeFileHandle, buffer[total..], position + total) is > 0 and int read)
            total += read;
        return total;
    }

    public void Dispose() => _file.Dispose();
}
