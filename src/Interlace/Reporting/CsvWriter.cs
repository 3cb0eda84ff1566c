using System.Globalization;
using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.Reporting;

/// <summary>Writes a table as comma-separated values (RFC 4180), numbers unrounded,
/// with a column each for the ends of intervals and for what the paper prints.</summary>
internal static class CsvWriter
{
    public static string Write(Table table)
    {
        bool grouped = table.Rows.Any(row => row.Group is not null);
        List<(string Name, Func<Row, string> Of)> columns = [];
        if (grouped) columns.Add(("group", row => row.Group ?? ""));
        columns.Add((table.Corner, row => row.Head));
        foreach (var (i, column) in table.Columns.Index())
        {
            string name = column.Group is { } group ? $"{group}, {column.Name}" : column.Name;
            Cell[] cells = [.. table.Rows.Select(row => row.Cells[i])];
            columns.Add((name, row => row.Cells[i].Value is { } value ? Number(value) : row.Cells[i].Published is null
                ? row.Cells[i].Text : ""));
            if (cells.Any(cell => cell.Interval is not null))
            {
                columns.Add(($"{name}, low", row => Number(row.Cells[i].Interval?.Low)));
                columns.Add(($"{name}, high", row => Number(row.Cells[i].Interval?.High)));
            }
            if (cells.Any(cell => cell.Published is not null)) columns.Add(($"{name}, published", row => Number(row.Cells[i].Published)));
        }
        StringBuilder text = new();
        Line(text, columns.Select(column => column.Name));
        foreach (Row row in table.Rows) Line(text, columns.Select(column => Printable.Lines(column.Of(row))));
        return text.ToString();
    }

    private static void Line(StringBuilder text, IEnumerable<string> fields) => text.AppendJoin(',', fields.Select(Field)).Append('\n');

    private static string Number(double? value) =>
        value is { } known && double.IsFinite(known) ? Math.Round(known, 12).ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Field(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
