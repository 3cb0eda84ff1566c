using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Evaluation.Judges;
using Interlace.Evaluation.Scoring;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Evaluation.Judges;
using Interlace.Tests.Evaluation.Rules;

namespace Interlace.Tests.Cli;

public sealed class ScoreCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Oracles => ScoresTests.Oracles;

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Oracles)), Trait("Category", "Golden")]
    public void Real_predictions_get_their_published_scores(string file)
    {
        JsonObject oracle = Shared.Json("oracles", "index.json").AsArray().Single(o => o.Text("file") == file)!.AsObject();
        string[] table = oracle.Text("table") is { } path ? ["--table", Shared.Require("oracles", path)] : [];
        string target = _scratch.At("scored");
        var run = CommandRun.Of(["score", Shared.Require("oracles", file), "--kind", oracle.Text("kind")!, .. table, "--out", target, "--json"]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonNode result = Assert.Single(run.Json()["benchmarks"]!.AsArray())!;
        JsonObject expected = oracle["expected"]!.AsObject();
        Assert.Equal((double)expected["Overall"]!, (double)result["percent"]!, 0.005);
        Assert.All(expected, part => Assert.Equal((double)part.Value!, (double)result["sub_scores"]![part.Key]!, 0.005));
        Assert.Equal("none", (string)run.Json()["settings"]!["judge"]!);
        Assert.Equal(run.Json().ToJsonString(), JsonNode.Parse(File.ReadAllText(Path.Combine(target, ScoresFile.Name)))!.ToJsonString());
        Assert.Equal((double)result["percent"]!, Outcomes.Load(Path.Combine(target, Outcomes.Name)).Single().Value.Percent!.Value, 1e-9);
    }

    [Fact]
    public void Predictions_in_a_table_score_as_in_lines()
    {
        string tables = EvaluatedFolder.Tables(_scratch), path = _scratch.At("chart.tsv"), packed = _scratch.At("alone.tsv.gz");
        File.WriteAllText(path, "prediction\tindex\n10\t000\n\"1\"\"1\"\t1\n\t2\n013\t003\n");
        JsonNode scores = CommandRun.Of("score", path, "--kind", "ChartQA", "--table", Path.Combine(tables, "ChartQA_TEST.tsv"), "--json").Json()["benchmarks"]![0]!;
        Assert.Equal(("ChartQA", "Text/Chart", 4, 50.0, 36), ((string)scores["name"]!, (string)scores["group"]!, (int)scores["rows"]!, (double)scores["percent"]!, (int)scores["skipped"]!["not answered"]!));
        using (var gzip = new GZipStream(File.Create(packed), CompressionMode.Compress))
            gzip.Write("index\tquestion\tA\tB\tanswer\tprediction\n1\tq\t1\t2\tB\tB\n2\tq\t3\t4\tA\t= 3\n"u8);
        Assert.Equal(100, (double)CommandRun.Of("score", packed, "--kind", "choice", "--json").Json()["average"]!);
    }

    [Fact]
    public void An_evaluation_is_scored_again_without_asking_again()
    {
        string tables = EvaluatedFolder.Tables(_scratch), folder = EvaluatedFolder.Make(_scratch.At("run"), tables, null, new() { ["AI2D"] = 10, ["POPE"] = 40 }, "The answer is apparent: it is far too long to be told in a few words, sorry");
        byte[] answers = File.ReadAllBytes(Path.Combine(folder, "predictions", "AI2D.jsonl"));
        var old = CommandRun.Of("score", folder, "--json");
        Assert.Equal((0, ""), (old.Code, old.Error));
        JsonNode ai2d = old.Json()["benchmarks"]![0]!;
        Assert.Equal((25.0, 0.75, 0.25, 100.0, 0), ((double)ai2d["percent"]!, (double)ai2d["extraction_failure_rate"]!, (double)ai2d["truncated_rate"]!, (double)ai2d["percent_if_failures_were_right"]!, (int)ai2d["judge_failures"]!));
        Assert.Equal(("limited", 50, "2025-11"), ((string)old.Json()["settings"]!["protocol"]!, (int)old.Json()["settings"]!["max_new_tokens"]!, (string)old.Json()["settings"]!["rules"]!));
        Assert.Equal(62.5, (double)old.Json()["average"]!);
        Assert.Equal(100, (double)CommandRun.Of("score", folder, "--rules", "2026-08", "--json").Json()["benchmarks"]![0]!["percent"]!);
        Assert.Equal("2026-08", ScoresFile.Load(Path.Combine(folder, ScoresFile.Name)).Settings.Rules);
        Assert.Equal(answers, File.ReadAllBytes(Path.Combine(folder, "predictions", "AI2D.jsonl")));
        string text = CommandRun.Of("score", folder).Out;
        Assert.Matches(@"AI2D\s+25\.0", text);
        Assert.Contains("AI2D: at most 100.0", text, StringComparison.Ordinal);
        Assert.Matches(@"\nPOPE: acc 100\.0, ", text);   // sub-scores
        Assert.Contains("POPE: POPE.tsv is not the published table (MD5 ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_run_is_scored_at_once_the_baseline_first()
    {
        string tables = EvaluatedFolder.Tables(_scratch);
        foreach (string name in new[] { "recovered", "dense", "another" }) EvaluatedFolder.Make(_scratch.At("run", "evaluated", name), tables, null, new() { ["POPE"] = 40 });
        Assert.Equal(["dense", "recovered", "another"], CommandRun.Of("score", _scratch.At("run"), "--json").Json().AsArray().Select(s => (string)s!["name"]!));
    }

    [Fact]
    public void A_judge_reads_what_rules_cannot_and_its_key_stands_nowhere()
    {
        const string key = "secret-91be";
        Environment.SetEnvironmentVariable("INTERLACE_TEST_SCORE_KEY", key);
        string tables = EvaluatedFolder.Tables(_scratch), folder = EvaluatedFolder.Make(_scratch.At("run"), tables, null, new() { ["AI2D"] = 10 }, "a feline, which is an animal with four legs, two ears and whiskers");
        using (LocalServer server = new((_, request) => request.Head.Contains(key, StringComparison.Ordinal) ? LocalServer.Says($"A. {key}") : new(401, "")))
        {
            string[] command = ["score", folder, "--judge", "endpoint", "--judge-endpoint", server.Address, "--judge-model", "judge-1", "--set", "evaluate.judge_key=INTERLACE_TEST_SCORE_KEY", "--json", "--verbose"];
            var run = CommandRun.Of(command);
            Assert.Equal((0, 100.0, "judge-1", 0.75), (run.Code, (double)run.Json()["average"]!, (string)run.Json()["settings"]!["judge"]!, (double)run.Json()["benchmarks"]![0]!["extraction_failure_rate"]!));
            Assert.Equal(31, server.Requests.Count);   // a greeting and thirty questions
            Assert.Equal(run.Out, CommandRun.Of(command).Out);
            Assert.Equal(31, server.Requests.Count);
            Assert.DoesNotContain(key, run.Out + run.Error, StringComparison.Ordinal);
        }
        Assert.All(Directory.EnumerateFiles(_scratch.Path, "*", SearchOption.AllDirectories), file => Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(key)) < 0, file));
        Assert.Equal(100, (double)CommandRun.Of("score", folder, "--judge", "replay", "--json").Json()["average"]!);
        string replies = _scratch.At("half.jsonl");
        File.WriteAllLines(replies, File.ReadLines(Path.Combine(folder, RepliesFile.Name)).Take(15));
        JsonNode half = CommandRun.Of("score", folder, "--judge", "replay", "--judge-replies", replies, "--json").Json()["benchmarks"]![0]!;
        Assert.Equal((62.5, 15), ((double)half["percent"]!, (int)half["judge_failures"]!));
    }

    [Fact]
    public void Without_a_judge_that_answers_matching_is_exact_and_said_aloud()
    {
        string tables = EvaluatedFolder.Tables(_scratch), folder = EvaluatedFolder.Make(_scratch.At("run"), tables, null, new() { ["AI2D"] = 10 }, "neither of the two, to tell the whole truth and nothing but the truth");
        using LocalServer server = new((_, _) => new(401, "no"));
        var run = CommandRun.Of("score", folder, "--judge", "endpoint", "--judge-endpoint", server.Address, "--judge-model", "judge-1");
        Assert.Equal(0, run.Code);
        Assert.Contains("The judge judge-1 is not available (401 Unauthorized)", run.Out, StringComparison.Ordinal);
        var scores = ScoresFile.Load(Path.Combine(folder, ScoresFile.Name));
        Assert.Equal((25.0, "none", 0), (scores.Average!.Value, scores.Settings.Judge, scores.Benchmarks[0].JudgeFailures));
        Assert.Contains("401", Assert.Single(scores.Warnings!), StringComparison.Ordinal);
    }

    [Fact]
    public void A_judge_that_stops_serving_is_left_alone_and_later_asked_only_what_is_missing()
    {
        string tables = EvaluatedFolder.Tables(_scratch), folder = EvaluatedFolder.Make(_scratch.At("run"), tables, null, new() { ["AI2D"] = 10 }, "a feline, which is an animal with four legs, two ears and whiskers");
        CommandRun Score(LocalServer server) => CommandRun.Of("score", folder, "--judge", "endpoint", "--judge-endpoint", server.Address, "--judge-model", "judge-1", "--set", "evaluate.judge_calls=1");
        const int greeting = 1, served = 10;
        using (LocalServer server = new((number, _) => number < greeting + served ? LocalServer.Says("A") : new(402, "no credit is left")))
        {
            var run = Score(server);
            Assert.Equal(0, run.Code);
            Assert.Equal(greeting + served + RecordingJudge.MostFailures, server.Requests.Count);
            Assert.Contains("The judge judge-1 stopped serving (402 PaymentRequired)", run.Out, StringComparison.Ordinal);
            Assert.Contains("only what is missing is asked", run.Out, StringComparison.Ordinal);
        }
        var scores = ScoresFile.Load(Path.Combine(folder, ScoresFile.Name));
        Assert.Equal((50.0, 20, "judge-1"), (scores.Average!.Value, scores.Benchmarks[0].JudgeFailures, scores.Settings.Judge));
        using (LocalServer server = new((_, _) => LocalServer.Says("A")))
        {
            Assert.DoesNotContain("stopped", Score(server).Out, StringComparison.Ordinal);
            Assert.Equal(greeting + 30 - served, server.Requests.Count);
        }
        scores = ScoresFile.Load(Path.Combine(folder, ScoresFile.Name));
        Assert.Equal((100.0, 0, true), (scores.Average!.Value, scores.Benchmarks[0].JudgeFailures, scores.Warnings is null));
    }

    [Fact]
    public void Instructions_without_a_judge_are_left_out_and_said_aloud()
    {
        string path = _scratch.At("mia.jsonl");
        File.WriteAllText(path, """{"index": 0, "question": "do it", "prediction": "done", "component_type": "['a']"}""");
        string text = CommandRun.Of("score", path, "--kind", "MIABench").Out;
        Assert.Contains("not evaluated", text, StringComparison.Ordinal);
        Assert.Contains("average unknown (without 1 not evaluated)", text, StringComparison.Ordinal);
        Assert.Contains("MIABench: Not evaluated: only a judge can score it", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_input_is_refused()
    {
        string tables = EvaluatedFolder.Tables(_scratch), folder = EvaluatedFolder.Make(_scratch.At("run"), tables, null, new() { ["POPE"] = 40 }), lines = _scratch.At("x.jsonl"), cells = _scratch.At("x.tsv");
        File.WriteAllText(lines, "{\"index\": 1, \"question\": \"q\", \"prediction\": \"yes\", \"answer\": \"Yes\"}\n");
        string Refusal(params string[] arguments) => CommandRun.Of(["score", .. arguments]).Refusal();
        Assert.Contains("no file or folder", Refusal(_scratch.At("none")), StringComparison.Ordinal);
        Assert.Contains("--kind", Refusal(lines), StringComparison.Ordinal);
        Assert.Contains("'tiny' is no kind", Refusal(lines, "--kind", "tiny"), StringComparison.Ordinal);
        Assert.Contains("--table", Refusal(folder, "--table", "x"), StringComparison.Ordinal);
        Assert.Contains("holds no evaluation", Refusal(tables), StringComparison.Ordinal);
        Assert.Contains("evaluate.judge_model", Refusal(lines, "--kind", "yes-no", "--judge", "endpoint", "--judge-endpoint", "http://localhost:9/v1"), StringComparison.Ordinal);
        Assert.Contains("no file of recorded replies", Refusal(lines, "--kind", "yes-no", "--judge", "replay"), StringComparison.Ordinal);
        foreach (string secret in new[] { "evaluate.judge_key=sk-secret77", "evaluate.judge_key=secret77", "evaluate.judge_endpoint=http://me:secret77@localhost" })
            Assert.DoesNotContain("secret77", Refusal(lines, "--kind", "yes-no", "--set", secret), StringComparison.Ordinal);
        foreach (var (text, part) in new[] { ("", "is empty"), ("index\ttext\n", "no column prediction"), ("index\tprediction\n1\n", "1 cells"), ("index\tprediction\n1\ta\n1\tb\n", "a second time"), ("index\tprediction\n", "no predictions") })
        {
            File.WriteAllText(cells, text);
            Assert.Contains(part, Refusal(cells, "--kind", "yes-no"), StringComparison.Ordinal);
        }
        File.AppendAllText(Path.Combine(tables, "POPE.tsv"), "99\tIs it?\tNo\n");
        Assert.Contains("not the table that was answered", Refusal(folder), StringComparison.Ordinal);
        File.Delete(Path.Combine(tables, "POPE.tsv"));
        Assert.Contains("lacks the table POPE.tsv", Refusal(folder), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, ScoresFile.Name)));
    }
}
