using System.IO.Compression;
using System.Text.Json.Nodes;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Evaluation.Rules;

/// <summary>Whole benchmarks: small ones through the published evaluation, and real predictions with published scores.</summary>
[Trait("Category", "Golden")]
public class ScoresTests
{
    public static TheoryData<string> Aggregates => Cases.Ids("aggregate");

    public static TheoryData<string> Oracles => !File.Exists(Shared.At("oracles", "index.json")) ? [] :
        [.. Shared.Json("oracles", "index.json").AsArray().Select(oracle => oracle.Text("file")!)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Aggregates))]
    public void A_small_benchmark_scores_as_published(string id)
    {
        JsonObject c = Cases.Case(id);
        Benchmark benchmark = Benchmarks.Find(c.Text("benchmark")!)!;
        Prediction[] predictions = [.. c["rows"]!.AsArray().Select(row => new Prediction(Cases.Row(row!.AsObject()), row.Text("prediction") ?? "", row.Text("judge")))];
        Score score = Scores.Of(benchmark, predictions);
        int numbers = 0;
        foreach ((string name, double expected) in Expected(c["expected"]!, benchmark.Kind))
        {
            Assert.True(score.SubScores.TryGetValue(name, out double actual), $"no score {name} among {string.Join(", ", score.SubScores.Keys)}");
            Assert.Equal(expected, actual, 1e-7);
            numbers++;
        }
        Assert.True(numbers > 0);
        Assert.Equal(score.SubScores["Overall"], score.Percent);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Oracles))]
    public void Real_predictions_score_as_published(string file)
    {
        JsonObject oracle = Shared.Json("oracles", "index.json").AsArray().Single(o => o.Text("file") == file)!.AsObject();
        using BenchmarkTable? table = oracle.Text("table") is { } path ? BenchmarkTable.Open(Shared.Require("oracles", path)) : null;
        IReadOnlyList<Prediction> predictions = RecordedPredictions.Read(Shared.Require("oracles", file), table);
        if (table is not null)
        {
            Assert.Equal(table.Rows.Count, predictions.Count);
            Assert.All(table.Rows.Where((_, i) => i % 97 == 0), row => Assert.NotEmpty(Assert.Single(table.Images(row))));
        }
        foreach (RuleSet rules in Enum.GetValues<RuleSet>())
        {
            Score score = Scores.Of(new("x", "x.tsv", Benchmarks.ParseKind(oracle.Text("kind")!)), predictions, rules);
            Assert.All(oracle["expected"]!.AsObject(), expected => Assert.Equal((double)expected.Value!, score.SubScores[expected.Key], 1e-6));
            Assert.Equal((double)oracle["expected"]!["Overall"]!, score.Percent!.Value, 1e-6);
            Assert.Equal(predictions.Count, score.Rows.Count);
        }
    }

    [Fact]
    public void The_recorded_option_numbers_score_as_published()
    {
        JsonObject[] lines = [.. Lines(Shared.Require("oracles", "vstar.jsonl.gz"))];
        JsonObject runs = Shared.Json("oracles", "expected.json")["vstar"]!.AsObject();
        foreach ((string run, JsonObject expected) in runs.Where(run => run.Value is JsonObject)
            .Select(run => (run.Key, run.Value!.AsObject())))
        {
            Score score = ChoiceScores.Vanilla([.. lines.Select(line => new Prediction(
                new(line["options"]!.AsArray().Select((option, i) => KeyValuePair.Create(((char)('A' + i)).ToString(), (string?)option))
                    .Append(new("index", line["index"]!.ToJsonString())).Append(new("answer", ((char)('A' + (int)line["gold"]!)).ToString())).Append(new("category", line.Text("category")))),
                ((char)('A' + (int)line["outputs"]![run]!)).ToString()))]);
            foreach ((string name, JsonNode? percent) in expected.Where(value =>
                value.Value!.GetValueKind() == System.Text.Json.JsonValueKind.Number
                && score.SubScores.ContainsKey(value.Key))) Assert.Equal((double)percent!, score.SubScores[name], 1e-6);
            Assert.Equal((double)expected["Overall"]!, score.Percent!.Value, 1e-6);
        }
    }

    /// <summary>The metric table in our names and percent.</summary>
    private static IEnumerable<(string Name, double Value)> Expected(JsonNode table, BenchmarkKind kind)
    {
        switch (kind)
        {
            case BenchmarkKind.Cycle:
                foreach (JsonObject row in table.AsArray().Cast<JsonObject>())
                    yield return (((string)row["cycle"]!, (string)row["type"]!) switch
                    {
                        ("Average", "all") => "Overall",
                        ("Average", var category) => category,
                        (var cycle, "all") => cycle,
                        (var cycle, var category) => $"{cycle}/{category}",
                    }, 100 * (double)row["accuracy"]!);
                break;
            case BenchmarkKind.YesNo:
                foreach (JsonObject row in table.AsArray().Cast<JsonObject>())
                    foreach ((string metric, JsonNode? value) in row.Where(cell => cell.Key != "split"))
                        yield return ((string)row["split"]! == "Overall" ? metric : metric == "Overall" ? (string)row["split"]! : $"{row["split"]}/{metric}", (double)value!);
                break;
            case BenchmarkKind.Choice or BenchmarkKind.Circular:
                foreach ((string name, JsonNode? value) in table.AsArray().Single()!.AsObject().Where(cell => cell.Key != "split")) yield return (name, 100 * (double)value!);
                break;
            case BenchmarkKind.Contains:
                foreach ((string name, JsonNode? value) in table.AsObject()) yield return (name.StartsWith("Final", StringComparison.Ordinal) ? name : name + "/count", (double)value!);
                break;
            case BenchmarkKind.Judged:
                foreach ((string name, JsonNode? value) in table.AsObject()) yield return (name, 100 * (double)value!);
                break;
            default:
                foreach ((string name, JsonNode? value) in table.AsObject()) yield return (name, (double)value!);
                break;
        }
    }

    private static IEnumerable<JsonObject> Lines(string path)
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line) yield return JsonNode.Parse(line)!.AsObject();
    }
}
