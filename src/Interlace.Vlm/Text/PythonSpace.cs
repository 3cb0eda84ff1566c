namespace Interlace.Vlm.Text;

/// <summary>White space as Python sees it: that of the runtime, and the four separators of ASCII.</summary>
public static class PythonSpace
{
    /// <summary>A text without white space at its ends (Python's <c>str.strip</c>, Jinja's <c>trim</c>).</summary>
    public static string Strip(string text)
    {
        int start = 0, end = text.Length;
        while (start < end && IsSpace(text[start])) start++;
        while (end > start && IsSpace(text[end - 1])) end--;
        return text[start..end];
    }

    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';
}
