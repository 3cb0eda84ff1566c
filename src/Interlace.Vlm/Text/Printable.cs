namespace Interlace.Vlm.Text;

/// <summary>
/// Texts from files as they may be shown: names, questions and answers can hold codes that move the cursor,
/// change colours or turn the direction of writing. Each such character becomes one that is seen and is as wide.
/// </summary>
public static class Printable
{
    /// <summary>Most characters of a sentence.</summary>
    public const int LongestLine = 600;

    /// <summary>Most characters of a text that is quoted in a sentence.</summary>
    public const int LongestQuote = 60;

    /// <summary>A text of one or several lines: line feeds and tabs stay.</summary>
    public static string Lines(string text) => Shown(text, keepsLines: true);

    /// <summary>
    /// A sentence on one line, without its middle where it is long: the beginning says what is wrong and the end what to do.
    /// </summary>
    public static string Line(string text, int most = LongestLine) => Shown(Cut(text, most, most / 3), keepsLines: false);

    /// <summary>A text to stand in a sentence, in quotes.</summary>
    public static string Quote(string text) => $"'{Shown(Cut(text, LongestQuote, 0), keepsLines: false)}'";

    private static string Cut(string text, int most, int end)
    {
        if (text.Length <= most) return text;
        int first = most - end - 1, last = text.Length - end;
        if (char.IsHighSurrogate(text[first - 1])) first--;   // half a pair is no character
        if (last < text.Length && char.IsLowSurrogate(text[last])) last++;
        return $"{text.AsSpan(0, first)}…{text.AsSpan(last)}";
    }

    private static string Shown(string text, bool keepsLines)
    {
        int at = 0;
        while (at < text.Length && Shown(text[at], keepsLines) == text[at]) at++;
        if (at == text.Length) return text;
        return string.Create(text.Length, (text, keepsLines), static (shown, from) =>
        {
            for (int i = 0; i < shown.Length; i++) shown[i] = Shown(from.text[i], from.keepsLines);
        });
    }

    private static char Shown(char c, bool keepsLines) => c switch
    {
        '\n' or '\t' when keepsLines => c,
        < ' ' => (char)('\u2400' + c),   // the pictures of the control characters
        '\u007f' => '\u2421',
        >= '\u0080' and <= '\u009f' => '\ufffd',
        // directions of writing
        '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => '\ufffd',
        '\u2028' or '\u2029' when !keepsLines => '\ufffd',
        _ => c,
    };
}
