namespace Interlace.Vlm.Families;

/// <summary>What a model thinks before it answers, as the templates of Qwen3 write it.</summary>
internal static class Thoughts
{
    /// <summary>Begins the thoughts.</summary>
    public const string Open = "<think>\n";

    /// <summary>No thoughts.</summary>
    public const string None = Open + Close;

    private const string Close = "\n</think>\n\n", Begin = "<think>", End = "</think>";

    /// <summary>An answer as the template has it, how many of its first characters the model is given, and what is said in it.</summary>
    /// <param name="content">The answer; what was thought may stand before it.</param>
    /// <param name="keep">Whether thoughts are kept: those behind the last question are.</param>
    /// <param name="isLast">Whether no message follows. Such an answer is given empty thoughts where it has none.</param>
    /// <param name="opening">What a prompt for an answer ends with.</param>
    public static (string Text, int Given, string Said) Render(string content, bool keep, bool isLast, string opening)
    {
        var (thoughts, said) = Split(content);
        if (!keep || !isLast && thoughts.Length == 0) return (said, 0, said);
        thoughts = thoughts.Trim('\n');
        string text = Open + thoughts + Close + said.TrimStart('\n');
        string given = thoughts.Length == 0 ? None : opening;
        return (text, text.StartsWith(given, StringComparison.Ordinal) ? given.Length : 0, said);
    }

    /// <summary>Whether the text of a user's message is what a tool answered, and no question.</summary>
    public static bool IsToolResponse(string text) =>
        text.StartsWith("<tool_response>", StringComparison.Ordinal) && text.EndsWith("</tool_response>", StringComparison.Ordinal);

    private static (string Thoughts, string Said) Split(string content)
    {
        int end = content.IndexOf(End, StringComparison.Ordinal);
        if (end < 0) return ("", content);
        string before = content[..end].TrimEnd('\n');
        int begin = before.LastIndexOf(Begin, StringComparison.Ordinal);
        string thoughts = before[(begin < 0 ? 0 : begin + Begin.Length)..].TrimStart('\n');
        return (thoughts, content[(content.LastIndexOf(End, StringComparison.Ordinal) + End.Length)..].TrimStart('\n'));
    }
}
