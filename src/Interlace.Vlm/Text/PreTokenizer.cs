using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Interlace.Vlm.Text;

/// <summary>
/// Cuts a text into the pieces that byte-pair merges never cross, by the pre_tokenizer section of a tokenizer.json.
/// </summary>
internal sealed class PreTokenizer
{
    /// <summary>The pattern of a ByteLevel pre-tokenizer with use_regex (GPT-2's).</summary>
    private const string ByteLevelPattern = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>A pattern that needs longer for one text goes over it again and again.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private const int LongestPattern = 10_000;   // compiled, a pattern takes many times its size

    private readonly List<Regex> _splits = [];
    private readonly string _source;

    /// <summary>Reads the section.</summary>
    /// <exception cref="InputException">A kind of pre-tokenizer that cannot be reproduced exactly.</exception>
    public PreTokenizer(JsonElement section, string source)
    {
        _source = source;
        bool byteLevel = false;
        foreach (JsonElement step in Steps(section))
        {
            string? type = step.GetProperty("type").GetString();
            switch (type)
            {
                case "Split" when Text(step, "behavior") == "Isolated" && !Flag(step, "invert"):
                    _splits.Add(Pattern(step.GetProperty("pattern"), source));
                    break;
                case "Digits":
                    _splits.Add(new Regex(Flag(step, "individual_digits") ? @"\p{N}" : @"\p{N}+", RegexOptions.CultureInvariant | RegexOptions.Compiled));
                    break;
                case "ByteLevel" when !Flag(step, "add_prefix_space"):
                    byteLevel = true;
                    if (Flag(step, "use_regex", absent: true)) _splits.Add(new Regex(ByteLevelPattern, RegexOptions.CultureInvariant | RegexOptions.Compiled));
                    break;
                default:
                    throw new InputException($"{source}: the pre-tokenizer '{type}' with these settings is not supported: only byte-level tokenizers (Split, Digits, ByteLevel) are.");
            }
        }
        if (!byteLevel) throw new InputException($"{source}: the tokenizer is not byte-level; only byte-level BPE tokenizers are supported.");
    }

    /// <summary>The pieces of a text in order, as ranges that cover it.</summary>
    /// <exception cref="InputException">A pattern does not come to an end.</exception>
    public List<TextSpan> Split(string text)
    {
        try
        {
            return Pieces(text);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InputException($"{_source}: the pre-tokenizer's pattern does not come to an end on this text.", error);
        }
    }

    private List<TextSpan> Pieces(string text)
    {
        List<TextSpan> pieces = text.Length == 0 ? [] : [new(0, text.Length)];
        if (pieces.Count == 0) return pieces;
        string projected = Project(text, out int[]? starts);
        foreach (Regex split in _splits)
        {
            List<TextSpan> finer = [];
            foreach (TextSpan piece in Narrow(pieces, starts)) Isolate(split, projected, piece, finer);
            pieces = Widen(finer, starts);
        }
        return pieces;
    }

    private static void Isolate(Regex split, string text, TextSpan piece, List<TextSpan> pieces)
    {
        int at = piece.Start;
        foreach (ValueMatch match in split.EnumerateMatches(text.AsSpan(piece.Start, piece.End - piece.Start)))
        {
            if (match.Length == 0) continue;
            int start = piece.Start + match.Index;
            if (start > at) pieces.Add(new(at, start));
            at = start + match.Length;
            pieces.Add(new(start, at));
        }
        if (at < piece.End) pieces.Add(new(at, piece.End));
    }

    /// <summary>
    /// The runtime's expressions match UTF-16 code units, the reference's match code points: each supplementary code point is replaced by one character of its own
    /// general category. <paramref name="starts"/> maps an index of the projection to the index in the text; null where nothing was replaced.
    /// </summary>
    private static string Project(string text, out int[]? starts)
    {
        starts = null;
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        var projected = new StringBuilder(text.Length);
        var index = new List<int>(text.Length + 1);
        for (int i = 0; i < text.Length; i++)
        {
            index.Add(i);
            if (!char.IsSurrogate(text[i])) projected.Append(text[i]);
            else projected.Append(Stand(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text, i++))));
        }
        starts = [.. index, text.Length];
        return projected.ToString();
    }

    private static IEnumerable<TextSpan> Narrow(List<TextSpan> pieces, int[]? starts) =>
        starts is null ? pieces : pieces.Select(piece => new TextSpan(Array.BinarySearch(starts, piece.Start), Array.BinarySearch(starts, piece.End)));

    private static List<TextSpan> Widen(List<TextSpan> pieces, int[]? starts) =>
        starts is null ? pieces : [.. pieces.Select(piece => new TextSpan(starts[piece.Start], starts[piece.End]))];

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
        _ => '\uFFFF', // unassigned
    };

    private static IEnumerable<JsonElement> Steps(JsonElement section) => section.ValueKind != JsonValueKind.Object ? [] :
        Text(section, "type") == "Sequence" ? section.GetProperty("pretokenizers").EnumerateArray() : [section];

    private static Regex Pattern(JsonElement pattern, string source)
    {
        string expression = pattern.TryGetProperty("Regex", out JsonElement regex) ? regex.GetString()! : Regex.Escape(pattern.GetProperty("String").GetString()!);
        if (expression.Length > LongestPattern)
            throw new InputException($"{source}: the pre-tokenizer's pattern has {expression.Length} characters; more than {LongestPattern} are not supported.");
        try
        {
            return new Regex(WithLongS(expression), RegexOptions.CultureInvariant | RegexOptions.Compiled, Longest);
        }
        catch (ArgumentException error)
        {
            throw new InputException($"{source}: the pre-tokenizer's pattern cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Unicode folds the long s (U+017F) to s, the runtime does not: inside <c>(?i:...)</c> both are written out.</summary>
    private static string WithLongS(string expression) =>
        Regex.Replace(expression, @"\(\?i:[^()\[\]\\]*\)", static group => "(?i:" + group.Value[4..].Replace("s", "[s\u017F]", StringComparison.OrdinalIgnoreCase));

    private static string? Text(JsonElement step, string name) => step.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static bool Flag(JsonElement step, string name, bool absent = false) => step.TryGetProperty(name, out JsonElement value) ? value.GetBoolean() : absent;
}
