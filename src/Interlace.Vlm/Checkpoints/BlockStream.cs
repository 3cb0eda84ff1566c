using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// A new file. Small pieces are written in blocks that end at multiples of their size; long ranges of other files are copied by the system
/// itself, where it can: in some virtual machines every page that a program hands over is slow.
/// </summary>
internal sealed partial class BlockStream : Stream
{
    private const int BlockBytes = 4 << 20;

    private readonly SafeFileHandle _file;
    private readonly byte[] _block = ArrayPool<byte>.Shared.Rent(BlockBytes);
    private long _written;
    private int _filled;

    /// <param name="path">The file; one of that name is replaced.</param>
    public BlockStream(string path) => _file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None);

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => Position;

    public override long Position
    {
        get => _written + _filled;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int room = BlockBytes - (int)(Position % BlockBytes), count = Math.Min(bytes.Length, room);
            bytes[..count].CopyTo(_block.AsSpan(_filled));
            _filled += count;
            if (count == room) Flush();
            bytes = bytes[count..];
        }
    }

    /// <summary>Has the system copy a range of another file to the end of this one.</summary>
    /// <param name="source">The other file.</param>
    /// <param name="offset">Where its range begins.</param>
    /// <param name="count">Bytes of the range.</param>
    /// <returns>How many of them were copied: fewer, or none, where the system cannot do it or the other file ends.</returns>
    public long CopyFrom(SafeFileHandle source, long offset, long count)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        Flush();
        long copied = copy_file_range(source, ref offset, _file, ref _written, (nuint)count, 0);   // moves both offsets
        return Math.Max(copied, 0);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Hands what is there to the system.</summary>
    public override void Flush()
    {
        RandomAccess.Write(_file, _block.AsSpan(0, _filled), _written);
        _written += _filled;
        _filled = 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_file.IsClosed)
        {
            try
            {
                Flush();
            }
            finally
            {
                _file.Dispose();
                ArrayPool<byte>.Shared.Return(_block);
            }
        }
        base.Dispose(disposing);
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "copy_file_range")]
    private static partial nint copy_file_range(SafeFileHandle source, ref long from, SafeFileHandle target, ref long to, nuint count,
        uint flags);
}
