using System.Globalization;
using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Files;

/// <summary>
/// The one rule for names that come from files and become names of files or folders: whatever stands in them,
/// the path that is made stays in its folder, on every system.
/// </summary>
public static class PlainName
{
    /// <summary>Most bytes of a name in UTF-8: file systems allow 255, and endings are added.</summary>
    public const int MostBytes = 200;

    private const string Separators = "/\\:";   // a colon leaves the folder on Windows

    /// <summary>Refuses a name that is no plain file name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="place">What it names and where it stands, such as <c>benchmarks.json: a benchmark's name</c>.</param>
    /// <exception cref="InputException">It is none.</exception>
    public static void Check(string name, string place)
    {
        if (FaultOf(name) is { } fault) throw new InputException($"{place} {fault}: {Printable.Quote(name)} is no plain file name.");
    }

    /// <summary>What is wrong with a name; null where it is a plain file name.</summary>
    public static string? FaultOf(string name)
    {
        if (string.IsNullOrWhiteSpace(name)) return "is empty";
        if (name is "." or "..") return "stands for a folder";
        if (name.AsSpan().IndexOfAny(Separators) >= 0) return "has a separator of folders";
        if (name.Any(IsHidden)) return "has characters that cannot be seen";
        if (char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1]) || name[^1] == '.')
            return "begins or ends with a blank or ends with a dot";
        return Encoding.UTF8.GetByteCount(name) > MostBytes ? $"has more than {MostBytes} bytes" : null;
    }

    private static bool IsHidden(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
