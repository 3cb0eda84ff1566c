using System.CommandLine;
using System.Globalization;

namespace Interlace.Cli;

/// <summary>
/// What can stand at the cursor of a line that is being typed. A shell's script asks for it as System.CommandLine's directive is called:
/// <c>interlace [suggest:POSITION] LINE</c>, and gets one text a line.
/// </summary>
internal static class Suggestions
{
    private const string Before = "[suggest:", Behind = "]", Long = "--";

    /// <summary>Whether a command line asks for suggestions.</summary>
    public static bool Asked(IReadOnlyList<string> arguments) =>
        arguments is [var directive, _] && directive.StartsWith(Before, StringComparison.Ordinal)
        && directive.EndsWith(Behind, StringComparison.Ordinal);

    /// <summary>The suggestions that a command line asks for.</summary>
    /// <param name="arguments">The directive and the line.</param>
    /// <param name="root">What a line may mean, by the command that it begins with.</param>
    public static IEnumerable<string> For(IReadOnlyList<string> arguments, Func<string, RootCommand> root)
    {
        string line = arguments[1], position = arguments[0][Before.Length..^Behind.Length];
        bool known = int.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out int at);
        string left = line[..(known ? Math.Min(at, line.Length) : line.Length)].TrimStart();
        int program = left.IndexOf(' ', StringComparison.Ordinal);
        return program < 0 ? [] : BehindProgram(left[program..].TrimStart(), root);
    }

    private static IEnumerable<string> BehindProgram(string typed, Func<string, RootCommand> root)
    {
        int end = typed.IndexOf(' ', StringComparison.Ordinal);
        if (end < 0) return [.. Verbs.Names.Where(name => name.StartsWith(typed, StringComparison.Ordinal)), .. OfRoot(typed)];
        string text = Apart(typed);
        return root(typed[..end]).Parse(text).GetCompletions(text.Length).Select(found => found.Label).Where(IsWritten).Distinct();
    }

    /// <summary>The root's own options, where one is begun.</summary>
    private static IEnumerable<string> OfRoot(string typed) =>
        typed.StartsWith('-') ? ((string[])["--help", "--version"]).Where(name => name.StartsWith(typed, StringComparison.Ordinal)) : [];

    /// <summary>An option that is joined with the beginning of its value is taken apart: a shell completes the value alone.</summary>
    private static string Apart(string typed)
    {
        int last = typed.LastIndexOf(' ') + 1, sign = typed.IndexOf('=', last);
        return sign > 0 && typed.AsSpan(last).StartsWith(Long) ? $"{typed[..sign]} {typed[(sign + 1)..]}" : typed;
    }

    /// <summary>Not one of the help's short names, which nobody needs to be told.</summary>
    private static bool IsWritten(string text) => text.StartsWith(Long, StringComparison.Ordinal) || text is [not ('-' or '/'), ..];
}
