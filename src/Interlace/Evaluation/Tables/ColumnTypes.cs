using System.Globalization;
using System.Numerics;
using Interlace.Evaluation.Python;

namespace Interlace.Evaluation.Tables;

/// <summary>The types pandas gives to whole columns, as far as they change the text of a cell (evaluation rule 3.2).</summary>
internal static class ColumnTypes
{
    /// <summary>The words that mean a missing cell in pandas 2 and later, besides the empty cell.</summary>
    private static readonly HashSet<string> Missing = new(StringComparer.Ordinal)
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN",
            "None", "n/a", "nan", "null",
    };

    private const int PandasDigits = 17;

    private enum IntegerColumn { Yes, No, TooLarge, Mixed }

    /// <summary>Whether a cell's literal text means that it is missing.</summary>
    public static bool IsMissing(string literal) => Missing.Contains(literal);

    /// <summary>
    /// The text each cell of a column has after type inference, null where it is missing:
    /// integers lose leading zeros, become floats where a cell is missing
    /// or another is fractional (<c>8</c> reads <c>8.0</c>), True and False become booleans, and any other column keeps its literal texts.
    /// </summary>
    public static string?[] Infer(IReadOnlyList<string?> literals)
    {
        string?[] cells = [.. literals.Select(cell => cell is null || IsMissing(cell) ? null : cell)];
        string[] present = [.. cells.OfType<string>()];
        if (present.Length == 0) return cells;
        bool complete = present.Length == cells.Length;
        return Integers(cells) switch
        {
            IntegerColumn.Yes when complete => Each(cells, cell => Integer(cell).ToString(CultureInfo.InvariantCulture)),
            IntegerColumn.Yes => Each(cells, cell => PythonText.FloatText((double)Integer(cell))),
            IntegerColumn.TooLarge => cells,
            // Such a column falls back to text before missing cells are looked for.
            IntegerColumn.Mixed => [.. literals.Select(cell => cell ?? "")],
            _ when present.All(cell => TryFloat(cell, out _)) =>
                Each(cells, cell => TryFloat(cell, out double value) ? PythonText.FloatText(value) : cell),
            _ when present.All(cell => Truth(cell) is not null) => Each(cells, cell => Truth(cell) == true ? "True" : "False"),
            _ => cells,
        };
    }

    private static string?[] Each(string?[] cells, Func<string, string> text) =>
        [.. cells.Select(cell => cell is null ? null : text(cell))];

    /// <summary>Whether all present cells are 64-bit integers. The first that is none decides:
    /// a word lets the column go on to floats, a number too large for a signed one starts anew as unsigned.</summary>
    private static IntegerColumn Integers(string?[] cells)
    {
        foreach (string cell in cells.OfType<string>())
        {
            if (!IsInteger(cell)) return IntegerColumn.No;
            if (Integer(cell) is var value && (value < long.MinValue || value > long.MaxValue)) return UnsignedIntegers(cells);
        }
        return IntegerColumn.Yes;
    }

    /// <summary>As above for unsigned integers, where a minus sign (whatever follows it) or a missing cell beside a large number ends
    /// in text.</summary>
    private static IntegerColumn UnsignedIntegers(string?[] cells)
    {
        bool mixed = false;
        foreach (string? cell in cells)
        {
            if (cell is null || IsNegative(cell)) mixed = true;
            else if (!IsInteger(cell)) return IntegerColumn.No;
            else if (Integer(cell) > ulong.MaxValue) return IntegerColumn.TooLarge;
        }
        return mixed ? IntegerColumn.Mixed : IntegerColumn.Yes;
    }

    private static bool IsInteger(string cell) => Unsigned(cell) is { Length: > 0 } digits && digits.All(char.IsAsciiDigit);

    private static bool IsNegative(string cell) => Trim(cell).StartsWith('-');

    private static BigInteger Integer(string cell) =>
        BigInteger.Parse(Trim(cell), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static string Unsigned(string cell) => Trim(cell) is ['+' or '-', .. string rest] ? rest : Trim(cell);

    private static string Trim(string cell) => cell.Trim(' ', '\t', '\n', '\v', '\f', '\r');

    private static bool TryFloat(string cell, out double value)
    {
        string unsigned = Unsigned(cell);
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
            value = double.PositiveInfinity;
        else if (!TryDecimal(unsigned, out value)) return false;
        if (IsNegative(cell)) value = -value;
        return true;
    }

    /// <summary>
    /// Digits, a point, an exponent, read as pandas reads them:
    /// seventeen digits are summed in doubles and scaled once, which is not always the nearest double. Too large a number is none.
    /// </summary>
    private static bool TryDecimal(string text, out double value)
    {
        int at = 0, digits = 0, exponent = 0;
        value = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
        {
            if (digits++ < PandasDigits) value = value * 10 + (text[at] - '0');
            else exponent++;
        }
        if (at < text.Length && text[at] == '.')
        {
            for (at++; at < text.Length && char.IsAsciiDigit(text[at]); at++)
            {
                if (digits++ >= PandasDigits) continue;
                value = value * 10 + (text[at] - '0');
                exponent--;
            }
        }
        if (digits == 0) return false;
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            if (!int.TryParse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int written))
                return false;
            exponent += Math.Clamp(written, -10_000, 10_000);
            at = text.Length;
        }
        if (at < text.Length || exponent > 308) return false;
        value = exponent switch
        {
            > 0 => value * PowerOfTen(exponent),
            < -616 => 0,
            < -308 => value / PowerOfTen(-308 - exponent) / 1e308,
            _ => value / PowerOfTen(-exponent),
        };
        return double.IsFinite(value);
    }

    private static double PowerOfTen(int exponent) => double.Parse($"1e{exponent}", CultureInfo.InvariantCulture);

    private static bool? Truth(string cell) => cell switch
    {
        "True" or "TRUE" or "true" => true,
        "False" or "FALSE" or "false" => false,
        _ => null,
    };
}
