using System.Text;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Evaluation.Scoring;

/// <summary>
/// Answers in a table, separated by tabs or commas, with the columns <c>index</c> and <c>prediction</c>, quoted as benchmark tables are.
/// Cells take their type by column as there, but predictions
/// (and a judge's replies) stay the text that they are.
/// </summary>
internal static class PredictionTable
{
    private static readonly string[] Texts = ["prediction", "judge"];
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The answers with their places in the file.</summary>
    /// <param name="content">The table.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="separator">What stands between two cells.</param>
    /// <param name="rows">The questions by index; null where the table has them itself.</param>
    /// <exception cref="InputException">A column is missing, a row is malformed or answers no question.</exception>
    public static IEnumerable<(string Where, Prediction Prediction)> Read(Stream content, string name, char separator,
        IReadOnlyDictionary<string, BenchmarkRow>? rows)
    {
        TsvReader reader = new(content, name, separator: separator);
        List<RawCell> cells = [];
        if (!reader.ReadRecord(cells))
            throw new InputException($"{name} is empty; a table of predictions begins with the column names index and prediction.");
        string[] columns = [.. cells.Select(cell => Text(cell, name))];
        foreach (string needed in (string[])["index", "prediction"])
            if (!columns.Contains(needed))
                throw new InputException($"{name} has no column {needed}; a table of predictions has the columns index and prediction.");
        List<string?>[] values = [.. columns.Select(_ => new List<string?>())];
        for (int record = 1; reader.ReadRecord(cells); record++)
        {
            if (cells.Count != columns.Length)
            {
                throw new InputException($"Row {record} of {name} has {cells.Count} cells under {columns.Length} column names; "
                    + "a separator or line break inside a cell needs quotes around the cell.");
            }
            for (int i = 0; i < columns.Length; i++) values[i].Add(Text(cells[i], name));
        }
        string?[][] typed = [.. columns.Select((column, i) => Texts.Contains(column) ? [.. values[i]] : ColumnTypes.Infer(values[i]))];
        int prediction = Array.IndexOf(columns, "prediction"), judge = Array.IndexOf(columns, "judge");
        for (int record = 0; record < values[0].Count; record++)
        {
            string where = $"Row {record + 1} of {name}";
            BenchmarkRow row = new(columns.Select((column, i) => KeyValuePair.Create(column, typed[i][record])));
            if (rows is not null)
                row = rows.GetValueOrDefault(row.Index)
                    ?? throw new InputException($"{where} answers row {Printable.Line(row.Index, Printable.LongestQuote)}, "
                        + "which the table does not have.");
            string? reply = judge < 0 ? null : typed[judge][record];
            yield return (where, new(row, typed[prediction][record]!, reply is "" ? null : reply));
        }
    }

    private static string Text(RawCell cell, string name)
    {
        try
        {
            return StrictUtf8.GetString(cell.Value);
        }
        catch (DecoderFallbackException)
        {
            throw new InputException($"{name} is not UTF-8; save it as UTF-8.");
        }
    }
}
