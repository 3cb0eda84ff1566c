using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Interlace.Vlm.Files;

/// <summary>
/// The one way to open a file that a user names, on the command line or in another file. Only regular files are opened,
/// and what is read whole is bounded by bytes that came, not by what the system says of the file's length.
/// </summary>
public static partial class UserFile
{
    private const string AnyName = "config.json";

    /// <summary>Opens a file to read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="absent">The sentence where there is none; that it is missing where absent.</param>
    /// <param name="options">How it will be read.</param>
    /// <exception cref="InputException">It is absent, may not be read, or is no regular file.</exception>
    public static FileStream Open(string path, string? absent = null, FileOptions options = FileOptions.None)
    {
        Check(path, absent);
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, options == FileOptions.None ? 4096 : 0, options);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException(absent ?? Missing(path), e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException(Denied(path), e);
        }
    }

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">A file with more bytes is refused.</param>
    /// <param name="absent">The sentence where there is none; that it is missing where absent.</param>
    /// <exception cref="InputException">As of <see cref="Open"/>, or it is too large.</exception>
    public static byte[] Read(string path, int most, string? absent = null)
    {
        using FileStream file = Open(path, absent);
        if (file.Length > most) throw TooLarge(path, most);
        using var bytes = new MemoryStream((int)file.Length);
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            if (bytes.Length + read > most) throw TooLarge(path, most);
            bytes.Write(buffer, 0, read);
        }
        return bytes.Length == bytes.Capacity ? bytes.GetBuffer() : bytes.ToArray();
    }

    /// <summary>Bytes of a file, links followed: a download cache keeps links, which have a length of their own.</summary>
    /// <exception cref="InputException">As of <see cref="Open"/>.</exception>
    public static long LengthOf(string path)
    {
        using FileStream file = Open(path);
        return file.Length;
    }

    /// <summary>Refuses what is no regular file that may be read.</summary>
    /// <inheritdoc cref="Open"/>
    public static void Check(string path, string? absent = null)
    {
        if (KindOf(path) switch
        {
            PathKind.Missing => absent ?? Missing(path),
            PathKind.Denied => Denied(path),
            PathKind.Folder => $"{path} is a folder, and a file is expected.",
            PathKind.Special => $"{path} is a pipe or a device: copy what it gives into a file, and name that.",
            _ => null,
        } is { } fault) throw new InputException(fault);
    }

    /// <summary>Refuses what is no folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="absent">The sentence where there is none.</param>
    /// <exception cref="InputException">It is absent, may not be entered, or is something else.</exception>
    public static void CheckFolder(string path, string absent)
    {
        if (KindOf(path) switch
        {
            PathKind.Folder when KindOf(Path.Combine(path, AnyName)) == PathKind.Denied => Denied(path),   // it would seem to be empty
            PathKind.Folder => null,
            PathKind.Denied => Denied(path),
            _ => absent,
        } is { } fault) throw new InputException(fault);
    }

    /// <summary>What stands at a path.</summary>
    public static PathKind KindOf(string path)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal)) return PathKind.Missing;
        return OperatingSystem.IsLinux() ? KindOnLinux(path) : Directory.Exists(path) ? PathKind.Folder : File.Exists(path)
            ? PathKind.File : PathKind.Missing;
    }

    // The runtime does not tell a pipe from a file before it is opened, and opening a pipe waits for a writer.
    // The layout of statx is the kernel's and the same on every processor.
    [SupportedOSPlatform("linux")]
    private static unsafe PathKind KindOnLinux(string path)
    {
        const int workingFolder = -100, noPermission = 13, modeOffset = 28;
        const uint type = 1;
        byte* status = stackalloc byte[256];
        if (statx(workingFolder, path, 0, type, status) != 0)
            return Marshal.GetLastPInvokeError() == noPermission ? PathKind.Denied : PathKind.Missing;
        return (*(ushort*)(status + modeOffset) & 0xF000) switch
        {
            0x8000 => PathKind.File,
            0x4000 => PathKind.Folder,
            _ => PathKind.Special,
        };
    }

    private static string Missing(string path) => $"{path} is missing.";

    private static string Denied(string path) => $"{path} may not be read: the permission is missing, on it or on a folder above it.";

    private static InputException TooLarge(string path, int most) =>
        new($"{path} has more than {most} bytes, the most that are read of such a file.");

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int folder, string path, int flags, uint mask, byte* status);
}
