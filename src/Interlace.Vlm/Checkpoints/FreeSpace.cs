using System.Globalization;

namespace Interlace.Vlm.Checkpoints;

/// <summary>Refuses to begin what the disk has no room for.</summary>
public static class FreeSpace
{
    /// <summary>Checks the disk of a place against what will be written there.</summary>
    /// <param name="place">A file or folder that need not be there yet.</param>
    /// <param name="bytesNeeded">What will be written.</param>
    /// <param name="what">What needs it, for the message; the place where absent.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <exception cref="InputException">The disk is too full, or there is none.</exception>
    public static void Check(string place, long bytesNeeded, string? what = null, Func<string, long>? freeBytes = null)
    {
        string full = Path.GetFullPath(place);
        string folder = full;
        while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder)
            ?? throw new InputException($"{full} lies on no disk of this machine.");
        long free = (freeBytes ?? Of)(folder);
        if (free < bytesNeeded)
        {
            throw new InputException($"{what ?? full} needs {Megabytes(bytesNeeded)} MB, but its disk has {Megabytes(free)} MB free: "
                + "make room or name a folder on another disk.");
        }
    }

    private static long Of(string folder) =>
        new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;

    private static string Megabytes(long bytes) => Math.Ceiling(bytes / 1e6).ToString("N0", CultureInfo.InvariantCulture);
}
