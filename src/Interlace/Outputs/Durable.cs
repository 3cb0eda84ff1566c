using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Interlace.Outputs;

/// <summary>Sends to the disk what the system still holds in memory, so that a power cut does not undo it.</summary>
public static partial class Durable
{
    /// <summary>Flushes a file's bytes.</summary>
    public static void FlushFile(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>
    /// Flushes a folder's names: a rename is only then sure to last. Where the system knows no such thing, as on Windows, nothing is done.
    /// </summary>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        const int readOnly = 0;
        int folder = open(path, readOnly);
        if (folder < 0) return;   // not readable to us: its files are flushed, and their names follow in time
        _ = fsync(folder);
        _ = close(folder);
    }

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int fsync(int file);

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int close(int file);
}
