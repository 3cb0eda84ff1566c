using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Interlace.Bench;

/// <summary>Folders on a disk, and what the system remembers of them.</summary>
internal static partial class Files
{
    private const int DontNeed = 4;

    /// <summary>A new folder for what a measurement writes, on the disk of another one.</summary>
    public static string Scratch(string? beside = null) => beside is null
        ? Directory.CreateTempSubdirectory("interlace-bench-").FullName
        : Directory.CreateDirectory($"{beside.TrimEnd('/')}.bench-{Environment.ProcessId}").FullName;

    /// <summary>Bytes of all files of a folder.</summary>
    public static long Bytes(string folder) => All(folder).Sum(path => new FileInfo(path).Length);

    /// <summary>Has everything written to the disk, and forgotten by the system: the next reader finds it cold.</summary>
    public static void Forget(string folder)
    {
        foreach (string path in All(folder))
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(file);
            if (OperatingSystem.IsLinux() && Advise(file, 0, 0, DontNeed) != 0) throw new IOException($"{path} stays in memory.");
        }
    }

    private static IEnumerable<string> All(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
