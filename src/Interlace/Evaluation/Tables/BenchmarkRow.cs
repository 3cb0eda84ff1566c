using Interlace.Evaluation.Python;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// One question of a benchmark: the texts of its cells after type inference, by column name.
/// Columns are looked up by exact name first, then by lower-cased name
/// (single capitals stay: they are options).
/// </summary>
public sealed class BenchmarkRow
{
    /// <summary>The column of the right answers.</summary>
    public const string AnswerColumn = "answer";

    private readonly IReadOnlyDictionary<string, int> _columns;
    private readonly string?[] _cells;

    internal BenchmarkRow(int record, IReadOnlyDictionary<string, int> columns, string?[] cells)
    {
        Record = record;
        _columns = columns;
        _cells = cells;
        Index = this["index"] ?? "";
        Options = [.. Enumerable.Range('A', 26).Select(letter => (Letter: (char)letter, Text: this[((char)letter).ToString()]))
            .Where(o => o.Text is not null).Select(o => new Option(o.Letter, o.Text!))];
    }

    /// <summary>A row that stands in no table, from column names and texts; a null text is a missing cell.</summary>
    public BenchmarkRow(IEnumerable<KeyValuePair<string, string?>> cells) : this([.. cells]) { }

    private BenchmarkRow(KeyValuePair<string, string?>[] cells) : this(0, ColumnNames(cells.Select(cell => cell.Key)),
        [.. cells.Select(cell => cell.Value)]) { }

    /// <summary>The row's place among the records of its table, 0-based, rows without an image counted.</summary>
    public int Record { get; }

    /// <summary>The row's index as text; predictions refer to it.</summary>
    public string Index { get; }

    /// <summary>The present options in the order of their letters.</summary>
    public IReadOnlyList<Option> Options { get; }

    /// <summary>The question as it stands, untrimmed; empty where missing.</summary>
    public string Question => this["question"] ?? "";

    /// <summary>The literal text of the answer cell.</summary>
    public string? Answer => this[AnswerColumn];

    /// <summary>The category, or for yes-or-no questions a comma list of categories.</summary>
    public string? Category => this["category"];

    /// <summary>The split within the table (MMBench, ChartQA).</summary>
    public string? Split => this["split"];

    /// <summary>The text of a cell, or null where the cell is missing or the table has no such column.</summary>
    public string? this[string column] => _columns.TryGetValue(column, out int i) ? _cells[i] : null;

    /// <summary>Whether the table has the column.</summary>
    public bool Has(string column) => _columns.ContainsKey(column);

    internal static Dictionary<string, int> ColumnNames(IEnumerable<string> names)
    {
        string[] columns = [.. names];
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        for (int i = 0; i < columns.Length; i++) byName.TryAdd(columns[i], i);
        for (int i = 0; i < columns.Length; i++)
            if (columns[i] is not [>= 'A' and <= 'Z']) byName.TryAdd(PythonText.Lower(columns[i]), i);
        return byName;
    }
}
