using System.Text.Json.Nodes;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;

namespace Interlace.Tests.Cli;

public sealed class CompareCommandTests : IDisposable
{
    private static readonly ModelHistory Dense = new("dense", null, 0, null), Pruned = new("pruned and fine-tuned", 36, 9, "interlace");
    private readonly ScratchFolder _scratch = new();
    private readonly string _tables;

    public CompareCommandTests() => _tables = EvaluatedFolder.Tables(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Retention_follows_the_papers_arithmetic()
    {
        string dense = Scored("dense", Dense, new() { ["AI2D"] = 40, ["ChartQA"] = 20, ["POPE"] = 40 }), small = Scored("small", Pruned, new() { ["AI2D"] = 30, ["ChartQA"] = 19, ["POPE"] = 40 });
        var run = CommandRun.Of("compare", dense, small, "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonNode json = run.Json(), other = Assert.Single(json["runs"]!.AsArray())!;
        Assert.Equal([75.0, 95.0, 100.0], other["benchmarks"]!.AsArray().Select(b => Math.Round((double)b!["retention"]!, 9)));
        // A group's and the overall retention are means of the benchmarks' retentions, not quotients of the means.
        Assert.Equal([("Text/Chart", 85.0), ("GVQA", 100.0)], other["groups"]!.AsArray().Select(g => ((string)g!["name"]!, Math.Round((double)g["retention"]!, 9))));
        Assert.Equal((90.0, 74.1667, 83.3333, 120), (Math.Round((double)other["overall"]!["retention"]!, 9), Math.Round((double)other["overall"]!["score"]!, 4), Math.Round((double)other["overall"]!["baseline"]!, 4), (int)other["overall"]!["questions"]!));
        Assert.Equal(("dense", 0.0, "pruned and fine-tuned", 0.25), ((string)json["baseline"]!["kind"]!, (double)json["baseline"]!["drop_ratio"]!, (string)other["kind"]!, (double)other["drop_ratio"]!));
        Assert.Equal(50, (int)other["settings"]!["max_new_tokens"]!);
        Assert.Empty(json["differences"]!.AsArray());
        Assert.Equal(run.Out, CommandRun.Of("compare", dense, small, "--json").Out);
    }

    [Fact]
    public void Intervals_are_paired()
    {
        string dense = Scored("dense", Dense, new() { ["ChartQA"] = 20, ["POPE"] = 40 }), same = Scored("same", Pruned, new() { ["ChartQA"] = 20, ["POPE"] = 40 }), less = Scored("less", Pruned, new() { ["ChartQA"] = 10, ["POPE"] = 40 });
        JsonArray runs = CommandRun.Of("compare", dense, same, less, "--json").Json()["runs"]!.AsArray();
        double[] Ends(int run, string of) => [.. runs[run]!["benchmarks"]![0]![of]!.AsArray().Select(end => (double)end!)];
        Assert.Equal([0.0, 0.0], Ends(0, "difference_interval"));   // each question came out the same: no doubt is left, however few they are
        Assert.Equal([100.0, 100.0], Ends(0, "retention_interval").Select(end => Math.Round(end, 9)));
        Assert.InRange(Ends(1, "difference_interval")[0], -40, -30);
        Assert.InRange(Ends(1, "difference_interval")[1], -15, -8);
        Assert.True(Ends(1, "retention_interval")[0] < 50 && Ends(1, "retention_interval")[1] > 50);
    }

    [Fact]
    public void What_a_number_cannot_be_read_without_is_printed()
    {
        string text = CommandRun.Of("compare", Scored("dense", Dense, new() { ["POPE"] = 40, ["AI2D"] = 8 }), Scored("small", Pruned, new() { ["POPE"] = 40 })).Out;
        Assert.Contains("baseline dense: dense, 0.0 % of the layers dropped; limited protocol, at most 50 new tokens, greedy, rules 2025-11, judge none", text, StringComparison.Ordinal);
        Assert.Contains("small: pruned and fine-tuned, 25.0 % of the layers dropped by interlace", text, StringComparison.Ordinal);
        Assert.Contains("Left out: AI2D: no score in small", text, StringComparison.Ordinal);
        Assert.Matches(@"POPE\s+100\.0\s+100\.0\s+0\.0\s+0\.0 to 0\.0\s+100\.0 %\s+100\.0 to 100\.0", text);
        Assert.Contains("mean of all 1", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_that_differ_are_refused_unless_forced_and_then_it_is_said()
    {
        string dense = Scored("dense", Dense, new() { ["POPE"] = 40 }), longer = Scored("longer", Pruned, new() { ["POPE"] = 40 }, maxNewTokens: 16384);
        string refusal = CommandRun.Of("compare", dense, longer).Refusal();
        Assert.Contains("token limit 50 in dense, 16384 in longer", refusal, StringComparison.Ordinal);
        Assert.Contains("--force", refusal, StringComparison.Ordinal);
        Assert.Contains("by force although they differ: token limit 50", CommandRun.Of("compare", dense, longer, "--force").Out, StringComparison.Ordinal);
        Assert.Single(CommandRun.Of("compare", dense, longer, "--force", "--json").Json()["differences"]!.AsArray());

        CommandRun.Of("score", longer, "--rules", "2026-08");
        Assert.Contains("rules 2025-11 in dense, 2026-08 in longer", CommandRun.Of("compare", dense, longer).Refusal(), StringComparison.Ordinal);

        File.AppendAllText(Path.Combine(_tables, "POPE.tsv"), "99\tIs it?\tNo\n");
        refusal = CommandRun.Of("compare", dense, Scored("other", Pruned, new() { ["POPE"] = 40 })).Refusal();
        Assert.Contains("the table POPE.tsv is another in other", refusal, StringComparison.Ordinal);
        Assert.Contains("POPE has 40 questions in dense, 41 in other, 40 in both", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_run_is_compared_with_its_dense_model()
    {
        foreach (string name in new[] { "recovered", "dropped", "dense" }) Scored(Path.Combine("run", "evaluated", name), name == "dense" ? Dense : Pruned, new() { ["POPE"] = name == "dropped" ? 20 : 40 });
        JsonNode json = CommandRun.Of("compare", _scratch.At("run"), "--json").Json();
        Assert.Equal(("dense", "dropped,recovered"), ((string)json["baseline"]!["name"]!, string.Join(',', json["runs"]!.AsArray().Select(r => (string)r!["name"]!))));
        string text = CommandRun.Of("compare", Path.Combine(_scratch.Path, "run", "evaluated", "dense"), Scored(Path.Combine("b", "dense"), Dense, new() { ["POPE"] = 40 })).Out;
        Assert.Contains("baseline evaluated/dense: dense", text, StringComparison.Ordinal);
        Assert.Contains("b/dense: dense", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Differing_texts_and_scores_are_counted()
    {
        string dense = Scored("dense", Dense, new() { ["AI2D"] = 40, ["ChartQA"] = 20 }), other = Scored("other", Dense, new() { ["AI2D"] = 30, ["ChartQA"] = 24 });
        string predictions = Path.Combine(other, "predictions", "ChartQA.jsonl");
        File.WriteAllLines(predictions, File.ReadAllLines(predictions)[..^4].Select(line => line.Replace("\"wrong\"", "\"wrong, too\"", StringComparison.Ordinal)));
        JsonNode changes = CommandRun.Of("compare", dense, other, "--json").Json()["runs"]![0]!["changes"]!;
        Assert.Equal((76, 10 + 16, 80, 10 + 4), ((int)changes["answers"]!, (int)changes["texts"]!, (int)changes["questions"]!, (int)changes["scores"]!));
        Assert.Contains("another text than the baseline's in 26 of 76 (34.2 %) answers; scored differently: 14 of 80 (17.5 %) questions", CommandRun.Of("compare", dense, other).Out, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(other, "predictions"), recursive: true);
        Assert.Contains("\nscored differently: 14 of 80", CommandRun.Of("compare", dense, other).Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(other, "predictions")));
    }

    [Fact]
    public void A_baseline_of_zero_has_no_retention()
    {
        JsonNode run = CommandRun.Of("compare", Scored("dense", Dense, new() { ["ChartQA"] = 0, ["AI2D"] = 40 }), Scored("small", Pruned, new() { ["ChartQA"] = 4, ["AI2D"] = 20 }), "--json").Json()["runs"]![0]!;
        Assert.Equal([50.0, null], run["benchmarks"]!.AsArray().Select(b => (double?)b!["retention"]));
        Assert.Equal(50, (double)run["overall"]!["retention"]!);
        Assert.Equal(2, run["overall"]!["retention_interval"]!.AsArray().Count);
        Assert.Contains("No retention of ChartQA, where the baseline is 0", CommandRun.Of("compare", _scratch.At("dense"), _scratch.At("small")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        string dense = Scored("dense", Dense, new() { ["POPE"] = 40 }), other = Scored("other", Dense, new() { ["AI2D"] = 40 });
        Assert.Contains("at least one other run", CommandRun.Of("compare", dense).Refusal(), StringComparison.Ordinal);
        Assert.Contains("share no benchmark", CommandRun.Of("compare", dense, other).Refusal(), StringComparison.Ordinal);
        Assert.Contains("no folder", CommandRun.Of("compare", dense, _scratch.At("none")).Refusal(), StringComparison.Ordinal);
        string outcomes = Path.Combine(dense, Outcomes.Name);
        string[] lines = File.ReadAllLines(outcomes);
        File.WriteAllLines(outcomes, lines[1..]);
        Assert.Equal(0, CommandRun.Of("compare", other, other).Code);
        File.WriteAllLines(outcomes, [lines[0].Replace("1,0,0", "0,0,1", StringComparison.Ordinal), .. lines[1..]]);
        Assert.Contains("do not belong together", CommandRun.Of("compare", dense, other).Refusal(), StringComparison.Ordinal);
        File.WriteAllText(outcomes, "what\n");
        Assert.Contains("Line 1 of", CommandRun.Of("compare", dense, other).Refusal(), StringComparison.Ordinal);
        File.Delete(outcomes);
        Assert.Contains("score command", CommandRun.Of("compare", dense, other).Refusal(), StringComparison.Ordinal);
    }

    private string Scored(string name, ModelHistory history, Dictionary<string, int> right, int maxNewTokens = 50)
    {
        string folder = EvaluatedFolder.Make(_scratch.At(name), _tables, history, right, maxNewTokens: maxNewTokens);
        Assert.Equal(0, CommandRun.Of("score", folder).Code);
        return folder;
    }
}
