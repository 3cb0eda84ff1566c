using Interlace.Outputs;
using Interlace.Vlm.Files;
using Interlace.Vlm.Images;

namespace Interlace.Data;

/// <summary>
/// Images that rows of other files name by a path. Such a file may come from anywhere: what it names is read only where it is a regular
/// file that truly lies in a folder that is meant for it.
/// </summary>
internal static class ImageFile
{
    /// <summary>Why an image is not read, one of <see cref="SkipReason"/>; null where it may be.</summary>
    /// <param name="full">The file.</param>
    /// <param name="folders">The folders, without links, in one of which it must lie, links followed.</param>
    public static string? Fault(string full, IEnumerable<string> folders)
    {
        PathKind kind = UserFile.KindOf(full);
        if (kind == PathKind.Missing) return SkipReason.MissingImage;
        if (kind != PathKind.File) return SkipReason.UnreadableImage;
        string real = RealPath.Of(full);
        if (!folders.Any(folder => RealPath.IsWithin(real, folder))) return SkipReason.ForeignImage;
        return new FileInfo(real).Length > ImageDecoder.MaxBytes ? SkipReason.TooLargeImage : null;
    }

    /// <summary>Whether a path leads upwards by its names alone.</summary>
    public static bool LeadsUp(string path) => path.Split('/', '\\').Contains("..");

    /// <summary>Reads an image that <see cref="Fault"/> has nothing against.</summary>
    public static byte[] Read(string full) => UserFile.Read(full, ImageDecoder.MaxBytes);
}
