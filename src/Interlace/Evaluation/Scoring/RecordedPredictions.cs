using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Interlace.Evaluation.Python;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;
using Interlace.Vlm.Text;

namespace Interlace.Evaluation.Scoring;

/// <summary>
/// Answers recorded as JSON lines, as a JSON array of such records, or as a table separated by tabs or commas where the name ends in
/// <c>.tsv</c> or <c>.csv</c>; gzip-compressed where it ends in <c>.gz</c>:
/// <c>index</c>, <c>prediction</c> and, where a judge was asked, <c>judge</c>. Without a benchmark table a record carries its question as
/// well: cells by column name; in JSON the options as an object
/// <c>options</c> or <c>choices</c>, several answers as a list <c>answers</c>.
/// </summary>
public static class RecordedPredictions
{
    private const int LargestFile = 1 << 30;

    /// <summary>Reads the answers of a file.</summary>
    /// <param name="path">A .jsonl, .json, .tsv or .csv file, or one of these with .gz behind it.</param>
    /// <param name="table">The table the indices refer to, or null where the records carry their questions.</param>
    /// <exception cref="InputException">The file is missing, a record is none of an answer,
    /// or an index is twice there or not in the table.</exception>
    public static IReadOnlyList<Prediction> Read(string path, BenchmarkTable? table = null)
    {
        byte[] content = UserFile.Read(path, LargestFile, $"There is no file of predictions at {path}.");
        string name = Path.GetFileName(path);
        bool packed = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        if (packed) content = Unpacked(content, path);
        Dictionary<string, BenchmarkRow>? rows = table?.Rows.ToDictionary(row => row.Index, StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.Ordinal);
        List<Prediction> predictions = [];
        foreach (var (where, prediction) in Records(content, name, Path.GetExtension(packed ? name[..^3] : name), rows))
        {
            if (!seen.Add(prediction.Row.Index))
            {
                throw new InputException($"{where} answers row {Printable.Line(prediction.Row.Index, Printable.LongestQuote)} a second "
                    + "time.");
            }
            predictions.Add(prediction);
        }
        return predictions;
    }

    /// <summary>The row that a JSON object describes.</summary>
    public static BenchmarkRow RowOf(JsonElement record) => new(record.EnumerateObject().SelectMany(Cells));

    private static IEnumerable<(string Where, Prediction Prediction)> Records(byte[] content, string name, string extension,
        Dictionary<string, BenchmarkRow>? rows)
    {
        if (content is [(byte)'P', (byte)'K', 3, 4, ..] or [0xD0, 0xCF, 0x11, 0xE0, ..])
            throw new InputException($"{name} is an Excel file: save it as .tsv or .csv (VLMEvalKit writes .tsv with PRED_FORMAT=tsv).");
        if (extension.Equals(".tsv", StringComparison.OrdinalIgnoreCase))
            return PredictionTable.Read(new MemoryStream(content), name, '\t', rows);
        if (extension.Equals(".csv", StringComparison.OrdinalIgnoreCase))
            return PredictionTable.Read(new MemoryStream(content), name, ',', rows);
        bool isOne = extension.Equals(".json", StringComparison.OrdinalIgnoreCase)
            && content.AsSpan().TrimStart("\ufeff \t\r\n"u8).StartsWith("["u8);
        return isOne ? Items(content, name, rows) : Lines(content, name, rows);
    }

    /// <summary>An array of records in one JSON text, as tables are often saved.</summary>
    private static IEnumerable<(string Where, Prediction Prediction)> Items(byte[] json, string name,
        Dictionary<string, BenchmarkRow>? rows)
    {
        using JsonDocument document = Document(json.AsSpan().StartsWith(Encoding.UTF8.Preamble)
            ? json[Encoding.UTF8.Preamble.Length..] : json, name);
        foreach (var (i, record) in document.RootElement.EnumerateArray().Index())
            yield return ($"Record {i + 1} of {name}", PredictionOf(record, $"Record {i + 1} of {name}", rows));
    }

    private static IEnumerable<(string Where, Prediction Prediction)> Lines(byte[] content, string name,
        Dictionary<string, BenchmarkRow>? rows)
    {
        using StreamReader reader = new(new MemoryStream(content));
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0) continue;
            string where = $"Line {number} of {name}";
            using JsonDocument document = Document(Encoding.UTF8.GetBytes(line), where);
            yield return (where, PredictionOf(document.RootElement, where, rows));
        }
    }

    private static JsonDocument Document(byte[] json, string where)
    {
        try
        {
            return StrictJson.Document(json);
        }
        catch (JsonException e)
        {
            throw new InputException($"{where} is no JSON: {e.Message}", e);
        }
    }

    private static Prediction PredictionOf(JsonElement record, string where, Dictionary<string, BenchmarkRow>? rows)
    {
        if (record.ValueKind != JsonValueKind.Object || !record.TryGetProperty("index", out JsonElement index)
            || !record.TryGetProperty("prediction", out JsonElement text) || text.ValueKind != JsonValueKind.String)
            throw new InputException($"{where} is no prediction; it needs index and prediction, a text.");
        BenchmarkRow row = rows is null ? RowOf(record)
            : rows.GetValueOrDefault(Text(index) ?? "")
                ?? throw new InputException($"{where} answers row {Printable.Line(Text(index) ?? "", Printable.LongestQuote)}, "
                    + "which the table does not have.");
        return new(row, text.GetString()!, record.TryGetProperty("judge", out JsonElement judge) && judge.ValueKind == JsonValueKind.String
            ? judge.GetString() : null);
    }

    /// <summary>The content of a gzip file. Texts never shrink so far that the bound matters; a few kilobytes of zeros do.</summary>
    private static byte[] Unpacked(byte[] packed, string path)
    {
        long most = Math.Min(LargestFile, (64L << 20) + 64L * packed.Length);
        try
        {
            using GZipStream stream = new(new MemoryStream(packed), CompressionMode.Decompress);
            using MemoryStream content = new();
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                if (content.Length + read > most)
                    throw new InputException($"{path} unpacks to more than {most} bytes, far more than texts do: unpack it yourself.");
                content.Write(buffer, 0, read);
            }
            return content.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{path} is no gzip file, though its name ends in .gz.", e);
        }
    }

    private static IEnumerable<KeyValuePair<string, string?>> Cells(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.Object when member.Name is "options" or "choices" =>
            member.Value.EnumerateObject().Select(option => KeyValuePair.Create(option.Name, Text(option.Value))),
        _ => [KeyValuePair.Create(member.Name == "answers" ? "answer" : member.Name, Text(member.Value))],
    };

    /// <summary>A value as it would read in a table: numbers as Python prints them, lists as Python literals.</summary>
    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        JsonValueKind.Number =>
            value.GetRawText() is var raw && raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0
                ? raw
                : PythonText.FloatText(double.Parse(raw, CultureInfo.InvariantCulture)),
        JsonValueKind.Array =>
            new PythonLiteral.Sequence([.. value.EnumerateArray().Select(item => new PythonLiteral.Text(Text(item) ?? "None"))],
                IsTuple: false).Str(),
        _ => value.GetRawText(),
    };
}
