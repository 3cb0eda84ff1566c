using System.Text.Json.Nodes;
using Interlace.Evaluation.Likelihoods;

namespace Interlace.Tests.Cli;

/// <summary>Perplexity and choices by likelihood from the command line: evaluate, compare and report.</summary>
public sealed class LikelihoodCommandTests : IDisposable
{
    private static readonly string[] Numbers = ["--device", "cpu", "--dtype", "fp32"];

    private readonly ScratchFolder _scratch = new();
    private readonly string _texts, _other, _choices;

    public LikelihoodCommandTests()
    {
        _texts = Write("test.one.jsonl",
            [.. Enumerable.Range(0, 8).Select(i => Text($"A text of number {i} that says {i * i} and {i + 7}."))]);
        _other = Write("test.two.jsonl", [.. Enumerable.Range(0, 5).Select(i => Text($"Under the house {i} dogs see {i} red balls."))]);
        _choices = Write("choices.jsonl", [.. Enumerable.Range(0, 12).Select(i => new JsonObject
        {
            ["context"] = $"Number {i}", ["choices"] = new JsonArray("is here.", "dogs under it", "red"), ["answer"] = i % 3,
        }.ToJsonString())]);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_model_is_evaluated_without_benchmarks_and_compared_with_what_was_made_of_it()
    {
        string dense = Evaluate(TinyCheckpoints.Text, "dense"), small = Evaluate(Pruned(), "small");
        var found = LikelihoodsFile.Load(Path.Combine(dense, LikelihoodsFile.Name));
        Assert.Equal(["test.one", "test.two"], found.Texts.Select(text => text.Name));
        Assert.Equal(12, found.Choices[0].Rows);
        Assert.Equal(100.0 / 3, found.Choices[0].Chance, 1e-9);

        var json = CommandRun.Of("compare", dense, small, "--json").Json();
        Assert.Null(json["overall"]);   // no scores of benchmarks
        var run = json["likelihoods"]!["runs"]![0]!;
        Assert.Equal(("small", "pruned", 0.2), ((string)run["name"]!, (string)run["kind"]!, (double)run["drop_ratio"]!));
        var other = LikelihoodsFile.Load(Path.Combine(small, LikelihoodsFile.Name));
        double[] ratios = [.. found.Texts.Zip(other.Texts, (of, its) => its.Perplexity / of.Perplexity)];
        Assert.All(ratios.Zip(run["texts"]!.AsArray()), pair => Assert.Equal(pair.First, (double)pair.Second!["ratio"]!, 1e-9));
        Assert.Equal(Math.Sqrt(ratios[0] * ratios[1]), (double)run["all_texts"]!["ratio"]!, 1e-9);
        Assert.InRange((double)run["all_texts"]!["ratio"]!, Ends(run["all_texts"]!)[0], Ends(run["all_texts"]!)[1]);
        Assert.Equal(other.Choices[0].Percent - found.Choices[0].Percent,
            (double)run["choices"]![0]!["score"]! - (double)run["choices"]![0]!["baseline"]!, 1e-9);
        var same = CommandRun.Of("compare", dense, dense, "--json").Json()["likelihoods"]!["runs"]![0]!;
        Assert.Equal([1.0, 1.0], Ends(same["all_texts"]!));   // paired: no doubt is left
        string text = CommandRun.Of("compare", dense, small).Out;
        Assert.Matches(@"test\.one\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+[\d.]+ to [\d.]+", text);
        Assert.Contains("geometric mean", text);

        Assert.Equal(0, CommandRun.Of("report", dense, small, "--out", _scratch.At("report")).Code);
        string page = File.ReadAllText(_scratch.At("report", "report.html"));
        Assert.Contains("Perplexity and choices by likelihood", page);
        Assert.Contains("perplexity, logarithmic", page);
        string[] rows = File.ReadAllLines(_scratch.At("report", "tables", "perplexity.csv"));
        Assert.Equal(3, rows.Length);
        Assert.True(File.Exists(_scratch.At("report", "tables", "choices.csv")));
        Assert.True(File.Exists(_scratch.At("report", "figures", "perplexity.svg")));
    }

    [Fact]
    public void Runs_under_other_windows_or_over_other_files_are_refused_unless_forced()
    {
        string dense = Evaluate(TinyCheckpoints.Text, "dense"),
            short_ = Evaluate(TinyCheckpoints.Text, "short", "--set", "evaluate.text_tokens=8");
        Assert.Contains("windows of 1024 tokens in dense, of 8 in short", CommandRun.Of("compare", dense, short_).Refusal());
        Assert.Contains("Compared by force", CommandRun.Of("compare", dense, short_, "--force").Out);
        File.AppendAllText(_texts, "\n" + Text("Another text."));
        string longer = Evaluate(TinyCheckpoints.Text, "longer");
        Assert.Contains("the file test.one is another in longer", CommandRun.Of("compare", dense, longer).Refusal());
        Assert.Contains("8 rows in dense", CommandRun.Of("compare", dense, longer).Refusal());
        File.AppendAllText(Path.Combine(dense, "texts", "test.one.jsonl"), """{"row":8,"log_likelihoods":[-1],"tokens":[1]}""");
        Assert.Contains("do not belong together", CommandRun.Of("compare", dense, short_, "--force").Refusal());
    }

    [Fact]
    public void Benchmarks_may_stand_beside_and_their_averages_stay_their_own()
    {
        string tables = EvaluatedFolder.Tables(_scratch);
        string[] asked = ["--benchmarks", tables, "--only", "POPE", "--limit", "4", "--set", "evaluate.max_new_tokens=2"];
        string alone = _scratch.At("alone"), both = Evaluate(TinyCheckpoints.Text, "both", asked);
        Assert.Equal(0, CommandRun.Of(["evaluate", TinyCheckpoints.Text, "--out", alone, .. asked, .. Numbers]).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(alone, "scores.json")), File.ReadAllBytes(Path.Combine(both, "scores.json")));
        Assert.False(File.Exists(Path.Combine(alone, LikelihoodsFile.Name)));
        Assert.Equal(4, LikelihoodsFile.Load(Path.Combine(both, LikelihoodsFile.Name)).Texts[0].Rows);   // the limit holds for all
        var json = CommandRun.Of("compare", both, both, "--json").Json();
        Assert.True(json["runs"] is JsonArray && json["likelihoods"]!["runs"] is JsonArray);
        var without = CommandRun.Of("compare", alone, alone, "--json").Json();
        Assert.True(JsonNode.DeepEquals(json["runs"]![0]!["overall"], without["runs"]![0]!["overall"]));
        Assert.Null(without["likelihoods"]);
        Assert.Null(CommandRun.Of("compare", alone, both, "--json").Json()["likelihoods"]);   // not in both
    }

    [Fact]
    public void What_cannot_be_evaluated_is_refused_before_anything_is_written()
    {
        string[] evaluate = ["evaluate", TinyCheckpoints.Text, "--out", _scratch.At("out"), .. Numbers];
        Assert.Contains("--texts", CommandRun.Of(evaluate).Refusal());
        Assert.Contains("is missing", CommandRun.Of([.. evaluate, "--texts", _scratch.At("nowhere.jsonl")]).Refusal());
        Assert.Contains("Not one row", CommandRun.Of([.. evaluate, "--texts", _texts, _choices]).Refusal());
        Assert.Contains("Not one row", CommandRun.Of([.. evaluate, "--choices", _texts]).Refusal());
        Assert.Contains("evaluate.text_tokens is 1",
            CommandRun.Of([.. evaluate, "--texts", _texts, "--set", "evaluate.text_tokens=1"]).Refusal());
        Assert.False(Directory.Exists(_scratch.At("out")));
    }

    private string Evaluate(string model, string name, params string[] more)
    {
        var run = CommandRun.Of(["evaluate", model, "--texts", _texts, _other, "--choices", _choices, "--out", _scratch.At(name), "--json",
            .. Numbers, .. more]);
        Assert.True(run.Code == 0, run.Error);
        var printed = run.Json()["likelihoods"]!;
        Assert.True(JsonNode.DeepEquals(printed, JsonNode.Parse(File.ReadAllText(_scratch.At(name, LikelihoodsFile.Name)))));
        return _scratch.At(name);
    }

    private string Pruned()
    {
        string run = _scratch.At("run"), pruned = _scratch.At("pruned");
        var calibrated = CommandRun.Of(["calibrate", TinyCheckpoints.Text, "--data", _texts, "--rate", "1", "--out", run, .. Numbers]);
        Assert.True(calibrated.Code == 0, calibrated.Error);
        Assert.Equal(0, CommandRun.Of("plan", run, "--ratio", "0.2").Code);
        Assert.Equal(0, CommandRun.Of("prune", TinyCheckpoints.Text, "--plan", Path.Combine(run, "plan.json"), "--out", pruned).Code);
        return pruned;
    }

    private static double[] Ends(JsonNode ratio) => [.. ratio["ratio_interval"]!.AsArray().Select(end => Math.Round((double)end!, 12))];

    private static string Text(string text) => new JsonObject { ["text"] = text }.ToJsonString();

    private string Write(string name, string[] rows)
    {
        File.WriteAllText(_scratch.At(name), string.Join('\n', rows));
        return _scratch.At(name);
    }
}
