using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Evaluation.Tables;

namespace Interlace.DemoModel.Data;

/// <summary>Writes the six benchmarks in VLMEvalKit's tables, from the test part of the sources.</summary>
public static class BenchmarkTables
{
    private const string Letters = "ABCD";
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the tables and <c>benchmarks.json</c>.</summary>
    /// <param name="folder">Where they go.</param>
    /// <param name="sources">The test part of the sources.</param>
    /// <param name="seed">Decides everything.</param>
    /// <param name="questions">Questions of each table; TinyBench, which asks each of its questions in every rotation, has a third.</param>
    public static void Write(string folder, SceneSources sources, long seed, int questions = 200)
    {
        Directory.CreateDirectory(folder);
        var list = new JsonArray();
        foreach (var (name, kind, group, rows) in new[]
        {
            ("TinyBench", "circular", "GVQA", Bench(sources, seed, questions / 3)), ("TinyStar", "choice", "Perception", Star(sources, seed, questions)), ("TinyPOPE", "yes-no", "GVQA", Pope(sources, seed, questions)),
            ("TinyOCR", "contains", "Text/Chart", Ocr(sources, seed, questions)), ("TinyChart", "relaxed", "Text/Chart", Charts(sources, seed, questions)), ("TinyVQA", "vqa", "Text/Chart", Vqa(sources, seed, questions)),
        })
        {
            WriteTable(Path.Combine(folder, $"{name}.tsv"), rows);
            var row = new JsonObject { ["name"] = name, ["file"] = $"{name}.tsv", ["kind"] = kind, ["group"] = group, ["rows"] = rows.Count };
            if (kind == "circular") row["headline_split"] = "dev";
            list.Add(row);
        }
        File.WriteAllText(Path.Combine(folder, Benchmarks.RowsFile), new JsonObject { ["benchmarks"] = list }.ToJsonString(Readable) + "\n");
    }

    /// <summary>A row: its columns in order; the image as base64 comes first when written.</summary>
    private sealed record Row(int Index, byte[] Image, (string Column, string Value)[] Columns);

    private sealed record Asked(byte[] Image, string Set, Question Question, Chance Chance);

    private static List<Row> Bench(SceneSources sources, long seed, int count)
    {
        var rows = new List<Row>();
        foreach (var (i, asked) in Take("TinyBench", sources, seed, count, ["garments", "objects", "charts", "digits"], ["name", "color", "kind", "highest", "largest", "attribute"]).Index())
        {
            string[] options = Turns.Options(asked.Question, asked.Chance, Math.Min(4, asked.Question.Pool!.Count));
            for (int k = 0; k < options.Length; k++)
            {
                string[] turned = [.. options[k..], .. options[..k]];
                rows.Add(new(i + k * 1_000_000, asked.Image, [("question", asked.Question.Text), .. Choice(turned, asked.Question.Answer), ("category", asked.Set), ("split", "dev")]));
            }
        }
        return rows;
    }

    private static List<Row> Star(SceneSources sources, long seed, int count) => Rows(Take("TinyStar", sources, seed, count, ["garments", "garments", "digits", "objects"], ["attribute", "color", "digit-color", "side", "place"]), asked =>
    [
        ("question", asked.Question.Text), .. Choice(Turns.Options(asked.Question, asked.Chance, Math.Min(4, asked.Question.Pool!.Count)), asked.Question.Answer),
        ("category", asked.Question.Kind is "side" or "place" ? "relative_position" : "direct_attributes"),
    ]);

    private static List<Row> Pope(SceneSources sources, long seed, int count) => Rows(Take("TinyPOPE", sources, seed, count, ["garments", "objects", "digits"], [Question.YesNo], balanced: true), asked =>
        [("question", asked.Question.Text), ("answer", asked.Question.Answer), ("category", asked.Set)]);

    private static List<Row> Ocr(SceneSources sources, long seed, int count) => Rows(Take("TinyOCR", sources, seed, count, ["digits", "words"], ["read", "word"]), asked =>
        [("question", asked.Question.Text), ("answer", $"['{asked.Question.Answer}']"), ("category", asked.Set == "digits" ? "Digit String Recognition" : "Regular Text Recognition")]);

    private static List<Row> Charts(SceneSources sources, long seed, int count) => Rows(Take("TinyChart", sources, seed, count, ["charts"], ["value", "highest", "lowest", "difference", "bar-count"]), asked =>
        [("question", asked.Question.Text), ("answer", asked.Question.Answer), ("split", asked.Question.Kind is "value" or "difference" ? "test_human" : "test_augmented")]);

    private static List<Row> Vqa(SceneSources sources, long seed, int count) =>
        Rows(Take("TinyVQA", sources, seed, count, ["garments", "objects", "digits", "words"], ["name", "count", "kind", "color", "largest", "sum", "letter", "digit-count", "word-count", "place"]), asked =>
            [("question", asked.Question.Text), ("answer", $"[{string.Join(", ", Enumerable.Repeat($"'{asked.Question.Answer}'", 10))}]")]);

    private static List<Row> Rows(IEnumerable<Asked> asked, Func<Asked, (string, string)[]> columns) => [.. asked.Select((a, i) => new Row(i, a.Image, columns(a)))];

    private static (string, string)[] Choice(string[] options, string answer) =>
        [.. Letters.Select((letter, i) => ($"{letter}", i < options.Length ? options[i] : "")), ("answer", $"{Letters[Array.IndexOf(options, answer)]}")];

    /// <summary>So many questions of the kinds named, the families by turns; balanced: the answers Yes and No by turns.</summary>
    private static IEnumerable<Asked> Take(string table, SceneSources sources, long seed, int count, string[] sets, string[] kinds, bool balanced = false)
    {
        for (int taken = 0, drawn = 0; taken < count; drawn++)
        {
            var chance = Chance.Of($"benchmark {table}", seed, drawn);
            Scene scene = SceneFamilies.Of(sets[taken % sets.Length])(chance, sources);
            string? answer = balanced ? taken / sets.Length % 2 == 0 ? "Yes" : "No" : null;
            Question[] fitting = [.. scene.Questions.Where(q => kinds.Contains(q.Kind) && q.Answer == (answer ?? q.Answer))];
            if (fitting.Length == 0) continue;
            taken++;
            yield return new(TuningData.Jpeg(scene), scene.Set, chance.Pick(fitting), chance);
        }
    }

    /// <summary>Tab-separated; an image that an earlier row has is given by that row's index, as VLMEvalKit has it.</summary>
    private static void WriteTable(string path, List<Row> rows)
    {
        var text = new StringBuilder();
        text.Append("index\timage\t").AppendJoin('\t', rows[0].Columns.Select(c => c.Column)).Append('\n');
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Row row in rows)
        {
            string image = Convert.ToBase64String(row.Image);
            if (!seen.TryAdd(image, row.Index)) image = $"{seen[image]}";
            text.Append($"{row.Index}\t{image}\t").AppendJoin('\t', row.Columns.Select(c => c.Value)).Append('\n');
        }
        File.WriteAllText(path, text.ToString());
    }
}
