using System.Globalization;
using System.Text;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// A text in one character a code point. The runtime's expressions match UTF-16 units, the reference's match code points:
/// each supplementary code point is replaced by one character of its own general category.
/// </summary>
internal sealed class CodePoints
{
    private readonly int[]? _starts;   // of each code point in the text; null where nothing was replaced

    public CodePoints(string text)
    {
        Text = text;
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return;
        var points = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        for (int i = 0; i < text.Length; i++)
        {
            starts.Add(i);
            if (!char.IsSurrogate(text[i])) points.Append(text[i]);
            else points.Append(Stand(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text, i++))));
        }
        _starts = [.. starts, text.Length];
        Text = points.ToString();
    }

    public string Text { get; }

    /// <summary>A range of the text as a range of code points. It must not cut one.</summary>
    public TextSpan Narrow(TextSpan span) =>
        _starts is null ? span : new(Array.BinarySearch(_starts, span.Start), Array.BinarySearch(_starts, span.End));

    /// <summary>A range of code points as a range of the text.</summary>
    public TextSpan Widen(TextSpan span) => _starts is null ? span : new(_starts[span.Start], _starts[span.End]);

    private static char Stand(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => 'A',
        UnicodeCategory.LowercaseLetter => 'a',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u05D0',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u20DD',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.Format => '\u200B',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OtherPunctuation => '\u2020',
        UnicodeCategory.MathSymbol => '\u2200',
        UnicodeCategory.CurrencySymbol => '\u20AC',
        UnicodeCategory.ModifierSymbol => '\u02C2',
        UnicodeCategory.OtherSymbol => '\u00A6',
        _ => '\uFFFF',   // unassigned
    };
}
