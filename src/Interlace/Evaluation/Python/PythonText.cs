using System.Globalization;
using System.Numerics;
using System.Text;

namespace Interlace.Evaluation.Python;

/// <summary>
/// Text as Python sees it: the published scores come from Python programs, whose whitespace, lower case,
/// lengths and number syntax differ from .NET's.
/// Lengths and positions count code points; comparisons are ordinal.
/// </summary>
public static class PythonText
{
    /// <summary>Whether <c>str.isspace</c> holds for the character: Unicode whitespace and U+001C to U+001F, not U+200B.</summary>
    public static bool IsSpace(char c) =>
        c is ' ' or (>= '\t' and <= '\r') or (>= '\u001c' and <= '\u001f') or '\u0085' or '\u00a0' or '\u1680'
        or (>= '\u2000' and <= '\u200a') or '\u2028' or '\u2029' or '\u202f' or '\u205f' or '\u3000';

    /// <summary><c>s.split()</c>: the runs of characters that are not whitespace.</summary>
    public static IReadOnlyList<string> Split(string s)
    {
        List<string> words = [];
        for (int i = 0; i < s.Length; i++)
        {
            if (IsSpace(s[i])) continue;
            int start = i;
            while (i < s.Length && !IsSpace(s[i])) i++;
            words.Add(s[start..i]);
        }
        return words;
    }

    /// <summary><c>s.strip()</c>.</summary>
    public static string Strip(string s)
    {
        int start = 0, end = s.Length;
        while (start < end && IsSpace(s[start])) start++;
        while (end > start && IsSpace(s[end - 1])) end--;
        return s[start..end];
    }

    /// <summary><c>s.lower()</c>: full case mapping, so that U+0130 becomes two code points and a sigma
    /// that ends a word the final one.</summary>
    public static string Lower(string s)
    {
        if (Ascii.IsValid(s)) return s.ToLowerInvariant();
        StringBuilder lower = new(s.Length + 4);
        for (int i = 0; i < s.Length; i += WidthAt(s, i))
        {
            if (s[i] == '\u0130') lower.Append("i\u0307");
            else if (s[i] == '\u03a3') lower.Append(IsFinalSigma(s, i) ? '\u03c2' : '\u03c3');
            else if (Rune.TryGetRuneAt(s, i, out Rune rune)) lower.Append(Rune.ToLowerInvariant(rune).ToString());
            else lower.Append(s[i]);
        }
        return lower.ToString();
    }

    /// <summary><c>len(s)</c>: code points; a lone surrogate counts as one.</summary>
    public static int Length(string s)
    {
        int length = 0;
        for (int i = 0; i < s.Length; i += WidthAt(s, i)) length++;
        return length;
    }

    /// <summary><c>len(s.upper())</c>: upper case can be longer (ß becomes SS).</summary>
    public static int UpperLength(string s)
    {
        int length = 0;
        for (int i = 0; i < s.Length; i += WidthAt(s, i)) length += UpperWidth(s[i]);
        return length;
    }

    /// <summary>The code points of a text; a lone surrogate stands for itself.</summary>
    public static int[] CodePoints(string s)
    {
        int[] points = new int[Length(s)];
        for (int i = 0, n = 0; i < s.Length; i += WidthAt(s, i))
            points[n++] = WidthAt(s, i) == 2 ? char.ConvertToUtf32(s[i], s[i + 1]) : s[i];
        return points;
    }

    /// <summary>
    /// <c>float(s)</c>: surrounding whitespace, a sign, digits of any script, a point, an exponent, single underscores between digits,
    /// <c>inf</c>, <c>infinity</c>, <c>nan</c>.
    /// </summary>
    public static bool TryFloat(string s, out double value)
    {
        value = 0;
        if (AsciiNumber(s) is not { } text) return false;
        string unsigned = text.TrimStart('+', '-');
        if (text.Length - unsigned.Length > 1) return false;
        bool negative = text.StartsWith('-');
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
            value = negative ? double.NegativeInfinity : double.PositiveInfinity;
        else if (unsigned.Equals("nan", StringComparison.OrdinalIgnoreCase)) value = double.NaN;
        // A first digit or point keeps out the words and spellings .NET knows and Python does not.
        else if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.')) return false;
        else return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out value);
        return true;
    }

    /// <summary><c>int(s)</c> in base ten, at most 4,300 digits as in Python 3.11 and later.</summary>
    public static bool TryInteger(string s, out BigInteger value)
    {
        value = default;
        if (AsciiNumber(s) is not { } text) return false;
        int digits = text.Length - (text is ['+' or '-', ..] ? 1 : 0);
        return digits is > 0 and <= 4300 && text[^digits..].All(char.IsAsciiDigit)
            && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    /// <summary><c>str(x)</c> of a float: the shortest digits that read back the same,
    /// with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string FloatText(double x)
    {
        if (double.IsNaN(x)) return "nan";
        if (double.IsInfinity(x)) return x > 0 ? "inf" : "-inf";
        string[] parts = x.ToString("R", CultureInfo.InvariantCulture).TrimStart('-').Split('E');
        string all = parts[0].Replace(".", "", StringComparison.Ordinal),
            digits = all.TrimStart('0').TrimEnd('0') is { Length: > 0 } significant ? significant : "0";
        int point = parts[0].Length == all.Length ? all.Length : parts[0].IndexOf('.', StringComparison.Ordinal);
        int exponent = x == 0 ? 0 : point - 1 - (all.Length - all.TrimStart('0').Length) + (parts.Length > 1
            ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        string sign = double.IsNegative(x) ? "-" : "";
        if (exponent is < -4 or >= 16)
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        string whole = digits.PadRight(exponent + 1, '0');
        return $"{sign}{whole[..(exponent + 1)]}.{(whole.Length > exponent + 1 ? whole[(exponent + 1)..] : "0")}";
    }

    /// <summary>Whether the code point at <paramref name="i"/> is a decimal digit of any script (what <c>\d</c> matches
    /// in Python).</summary>
    public static bool IsDigitAt(string s, int i) =>
        i >= 0 && i < s.Length && Rune.TryGetRuneAt(s, i, out Rune rune)
            && Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber;

    /// <summary>Whether the code point that ends just before <paramref name="i"/> is a decimal digit.</summary>
    public static bool IsDigitBefore(string s, int i) => IsDigitAt(s, i > 1 && char.IsLowSurrogate(s[i - 1]) ? i - 2 : i - 1);

    /// <summary>Stripped, digits of every script turned to ASCII, underscores between digits taken out;
    /// null where a number cannot be meant.</summary>
    private static string? AsciiNumber(string s)
    {
        StringBuilder text = new(s.Length);
        string stripped = Strip(s);
        for (int i = 0; i < stripped.Length; i += WidthAt(stripped, i))
        {
            char c = stripped[i];
            if (c == '_')
            {
                if (!IsDigitBefore(stripped, i) || !IsDigitAt(stripped, i + 1)) return null;
            }
            else if (IsDigitAt(stripped, i)) text.Append((char)('0' + CharUnicodeInfo.GetDecimalDigitValue(stripped, i)));
            else if (char.IsAscii(c) && c != '\0' && c != ' ') text.Append(c);
            else return null;
        }
        return text.ToString();
    }

    private static bool IsFinalSigma(string s, int i)
    {
        int before = i - 1, after = i + 1;
        while (before >= 0 && IsCaseIgnorable(s[before])) before--;
        if (before < 0 || !IsCased(s, before)) return false;
        while (after < s.Length && IsCaseIgnorable(s[after])) after++;
        return after >= s.Length || !IsCased(s, after);
    }

    private static bool IsCased(string s, int i)
    {
        if (char.IsLowSurrogate(s[i]) && i > 0) i--;
        return CharUnicodeInfo.GetUnicodeCategory(s,
            i) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;
    }

    private static bool IsCaseIgnorable(char c) =>
        c is '\'' or '.' or ':' or '\u00b7' or '\u2018' or '\u2019' or '\u2024' or '\u2027' or '\uff07' or '\uff0e' or '\uff1a' ||
        CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    /// <summary>How many code points the upper case of one has: the 102 entries of Unicode's special casing that grow.</summary>
    private static int UpperWidth(char c) => c switch
    {
        '\u00df' or '\u0149' or '\u01f0' or '\u0587' or (>= '\u1e96' and <= '\u1e9a') or '\u1f50' => 2,
        '\u0390' or '\u03b0' or '\u1f52' or '\u1f54' or '\u1f56' => 3,
        '\u1fb7' or '\u1fc7' or '\u1fd2' or '\u1fd3' or '\u1fd7' or '\u1fe2' or '\u1fe3' or '\u1fe7' or '\u1ff7' or '\ufb03'
            or '\ufb04' => 3,
        (>= '\u1f80' and <= '\u1faf') or (>= '\u1fb2' and <= '\u1fb4') or '\u1fb6' or '\u1fbc' => 2,
        (>= '\u1fc2' and <= '\u1fc4') or '\u1fc6' or '\u1fcc' => 2,
        '\u1fd6' or '\u1fe4' or '\u1fe6' or (>= '\u1ff2' and <= '\u1ff4') or '\u1ff6' or '\u1ffc' => 2,
        (>= '\ufb00' and <= '\ufb06') or (>= '\ufb13' and <= '\ufb17') => 2,
        _ => 1,
    };

    private static int WidthAt(string s, int i) => char.IsHighSurrogate(s[i]) && i + 1 < s.Length && char.IsLowSurrogate(s[i + 1]) ? 2 : 1;
}
