using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Exporting;

/// <summary>Takes a tensor's bytes as they would be written and compares them with those that a file has.</summary>
/// <param name="file">The file.</param>
/// <param name="tensor">The tensor in it.</param>
internal sealed class ComparingStream(GgufFile file, GgufTensor tensor) : Stream
{
    private long _at;

    /// <summary>0-based place in the tensor of the first byte that is another; null where none is so far.</summary>
    public long? FirstDifference { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => _at;

    public override long Position
    {
        get => _at;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        int same = bytes.CommonPrefixLength(file.Bytes(tensor, _at, bytes.Length));
        if (same < bytes.Length) FirstDifference ??= _at + same;
        _at += bytes.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
