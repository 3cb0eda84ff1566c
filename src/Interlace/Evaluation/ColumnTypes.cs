using System.Globalization;
using System.Numerics;

namespace Interlace.Evaluation;

/// <summary>The types pandas gives to whole columns, as far as they change the text of a cell (evaluation rule 3.2).</summary>
internal static class ColumnTypes
{
    /// <summary>The words that mean a missing cell in pandas 2 and later, besides the empty cell.</summary>
    private static readonly HashSet<string> Missing = new(StringComparer.Ordinal)
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    };

    private enum IntegerColumn { Yes, No, TooLarge }

    /// <summary>Whether a cell's literal text means that it is missing.</summary>
    public static bool IsMissing(string literal) => Missing.Contains(literal);

    /// <summary>
    /// The text each cell of a column has after type inference, null where it is missing: integers lose leading zeros, become floats where a cell is missing
    /// or another is fractional (<c>8</c> reads <c>8.0</c>), True and False become booleans, and any other column keeps its literal texts.
    /// </summary>
    public static string?[] Infer(IReadOnlyList<string?> literals)
    {
        string?[] cells = [.. literals.Select(cell => cell is null || IsMissing(cell) ? null : cell)];
        string[] present = [.. cells.OfType<string>()];
        if (present.Length == 0) return cells;
        bool complete = present.Length == cells.Length;
        return Integers(present, complete) switch
        {
            IntegerColumn.Yes when complete => Each(cells, cell => Integer(cell).ToString(CultureInfo.InvariantCulture)),
            IntegerColumn.Yes => Each(cells, cell => PythonText.FloatText((double)Integer(cell))),
            IntegerColumn.TooLarge => cells,
            _ when present.All(cell => TryFloat(cell, out _)) => Each(cells, cell => TryFloat(cell, out double value) ? PythonText.FloatText(value) : cell),
            _ when present.All(cell => Truth(cell) is not null) => Each(cells, cell => Truth(cell) == true ? "True" : "False"),
            _ => cells,
        };
    }

    private static string?[] Each(string?[] cells, Func<string, string> text) => [.. cells.Select(cell => cell is null ? null : text(cell))];

    /// <summary>The first cell that is no 64-bit integer decides: a word lets the column go on to floats, a number too large ends in text.</summary>
    private static IntegerColumn Integers(string[] present, bool complete)
    {
        foreach (string cell in present)
        {
            if (!IsInteger(cell)) return IntegerColumn.No;
            BigInteger value = Integer(cell);
            if (value >= long.MinValue && value <= long.MaxValue) continue;
            if (!present.All(IsInteger)) return present.TakeWhile(IsInteger).Any(c => Integer(c) > ulong.MaxValue || Integer(c).Sign < 0) ? IntegerColumn.TooLarge : IntegerColumn.No;
            return complete && present.All(c => Integer(c).Sign >= 0 && Integer(c) <= ulong.MaxValue) ? IntegerColumn.Yes : IntegerColumn.TooLarge;
        }
        return IntegerColumn.Yes;
    }

    private static bool IsInteger(string cell) => Unsigned(cell) is { Length: > 0 } digits && digits.All(char.IsAsciiDigit);

    private static BigInteger Integer(string cell) => BigInteger.Parse(Trim(cell), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static string Unsigned(string cell) => Trim(cell) is ['+' or '-', .. string rest] ? rest : Trim(cell);

    private static string Trim(string cell) => cell.Trim(' ', '\t', '\n', '\v', '\f', '\r');

    private static bool TryFloat(string cell, out double value)
    {
        value = 0;
        string unsigned = Unsigned(cell);
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
        {
            value = Trim(cell)[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        return unsigned is [(>= '0' and <= '9') or '.', ..]
            && double.TryParse(Trim(cell), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
    }

    private static bool? Truth(string cell) => cell switch
    {
        "True" or "TRUE" or "true" => true,
        "False" or "FALSE" or "false" => false,
        _ => null,
    };
}
