using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Interlace.Evaluation.Scoring;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation;

/// <summary>
/// Answers recorded as JSON lines, or as a tab separated table where the name ends in <c>.tsv</c>, gzip-compressed where it ends in <c>.gz</c>: <c>index</c>, <c>prediction</c> and, where a judge
/// was asked, <c>judge</c>. Without a benchmark table a record carries its question as well: cells by column name; in JSON the options as an object <c>options</c> or <c>choices</c>, several answers as a list <c>answers</c>.
/// </summary>
public static class RecordedPredictions
{
    /// <summary>Reads the answers of a file.</summary>
    /// <param name="path">A .jsonl or .tsv file, or one of these with .gz behind it.</param>
    /// <param name="table">The table the indices refer to, or null where the lines carry their questions.</param>
    /// <exception cref="InputException">The file is missing, a line is no such record, or an index is twice there or not in the table.</exception>
    public static IReadOnlyList<Prediction> Read(string path, BenchmarkTable? table = null)
    {
        if (!File.Exists(path)) throw new InputException($"There is no file of predictions at {path}.");
        bool packed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        using Stream file = File.OpenRead(path);
        using Stream content = packed ? new GZipStream(file, CompressionMode.Decompress) : file;
        Dictionary<string, BenchmarkRow>? rows = table?.Rows.ToDictionary(row => row.Index, StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.Ordinal);
        List<Prediction> predictions = [];
        try
        {
            bool isTable = (packed ? path[..^3] : path).EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);
            foreach (var (where, prediction) in isTable ? PredictionTable.Read(content, Path.GetFileName(path), rows) : Lines(content, Path.GetFileName(path), rows))
            {
                if (!seen.Add(prediction.Row.Index)) throw new InputException($"{where} answers row {prediction.Row.Index} a second time.");
                predictions.Add(prediction);
            }
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{path} is no gzip file, though its name ends in .gz.", e);
        }
        return predictions;
    }

    /// <summary>The row that a JSON object describes.</summary>
    public static BenchmarkRow RowOf(JsonElement record) => new(record.EnumerateObject().SelectMany(Cells));

    private static IEnumerable<(string Where, Prediction Prediction)> Lines(Stream content, string name, Dictionary<string, BenchmarkRow>? rows)
    {
        using StreamReader reader = new(content);
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            string where = $"Line {number} of {name}";
            if (line.Length > 0) yield return (where, Parse(line, where, rows));
        }
    }

    private static Prediction Parse(string line, string where, Dictionary<string, BenchmarkRow>? rows)
    {
        try
        {
            using JsonDocument document = StrictJson.Document(Encoding.UTF8.GetBytes(line));
            JsonElement record = document.RootElement;
            if (record.ValueKind != JsonValueKind.Object || !record.TryGetProperty("index", out JsonElement index) || !record.TryGetProperty("prediction", out JsonElement text) || text.ValueKind != JsonValueKind.String)
                throw new InputException($"{where} is no prediction; it needs index and prediction, a text.");
            BenchmarkRow row = rows is null ? RowOf(record) :
                rows.GetValueOrDefault(Text(index) ?? "") ?? throw new InputException($"{where} answers row {index}, which the table does not have.");
            return new(row, text.GetString()!, record.TryGetProperty("judge", out JsonElement judge) && judge.ValueKind == JsonValueKind.String ? judge.GetString() : null);
        }
        catch (JsonException e)
        {
            throw new InputException($"{where} is no JSON: {e.Message}", e);
        }
    }

    private static IEnumerable<KeyValuePair<string, string?>> Cells(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.Object when member.Name is "options" or "choices" => member.Value.EnumerateObject().Select(option => KeyValuePair.Create(option.Name, Text(option.Value))),
        _ => [KeyValuePair.Create(member.Name == "answers" ? "answer" : member.Name, Text(member.Value))],
    };

    /// <summary>A value as it would read in a table: numbers as Python prints them, lists as Python literals.</summary>
    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        JsonValueKind.Number => value.GetRawText() is var raw && raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0 ? raw : PythonText.FloatText(double.Parse(raw, CultureInfo.InvariantCulture)),
        JsonValueKind.Array => new PythonLiteral.Sequence([.. value.EnumerateArray().Select(item => new PythonLiteral.Text(Text(item) ?? "None"))], IsTuple: false).Str(),
        _ => value.GetRawText(),
    };
}
