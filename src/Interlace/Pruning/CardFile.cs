using System.Text;
using Interlace.Vlm.Files;

namespace Interlace.Pruning;

/// <summary>
/// The file of a model folder that tells people what the model is: <c>README.md</c>. A published model brings its maker's own, which is
/// copied as it is; one that Interlace wrote says so, belongs to that model alone and is copied to no other.
/// </summary>
public static class CardFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "README.md";

    /// <summary>What an own one ends with.</summary>
    internal const string Mark = "<!-- Made by interlace card, which makes it anew. -->";

    /// <summary>Whether a folder has one that Interlace wrote.</summary>
    public static bool IsOurs(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (UserFile.KindOf(path) != PathKind.File) return false;
        using var file = UserFile.Open(path);
        byte[] end = new byte[Math.Min(file.Length, Encoding.UTF8.GetByteCount(Mark) + 1)];
        file.Position = file.Length - end.Length;
        file.ReadExactly(end);
        return Encoding.UTF8.GetString(end).Contains(Mark, StringComparison.Ordinal);
    }
}
