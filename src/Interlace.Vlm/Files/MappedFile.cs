using System.IO.MemoryMappedFiles;

namespace Interlace.Vlm.Files;

/// <summary>The bytes of a file of the user's where they lie: nothing is read before it is looked at.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;

    private MappedFile(FileStream stream)
    {
        Size = stream.Length;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, Size, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start + _view.PointerOffset;
    }

    /// <summary>The first byte; valid until the file is disposed.</summary>
    public byte* Start { get; }

    /// <summary>Bytes of the file.</summary>
    public long Size { get; }

    /// <summary>Maps a file and reads its header; where that fails the mapping is given back.</summary>
    /// <param name="path">The file.</param>
    /// <param name="least">Bytes that the smallest such file has.</param>
    /// <param name="tooSmall">The sentence for a file of fewer bytes, given their number.</param>
    /// <param name="read">Makes of the mapping what owns it from then on.</param>
    /// <exception cref="InputException">The file is absent or too small, or its header is wrong.</exception>
    public static T Open<T>(string path, long least, Func<long, string> tooSmall, Func<MappedFile, T> read)
    {
        UserFile.Check(path, $"{path} does not exist.");
        // Opened, not looked up: a download cache keeps links, which have a length of their own.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (stream.Length < least) throw new InputException(tooSmall(stream.Length));
        var file = new MappedFile(stream);
        try
        {
            return read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_view.SafeMemoryMappedViewHandle.IsClosed) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
