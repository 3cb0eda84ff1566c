using Interlace.Evaluation;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Cases;

/// <summary>
/// Files of JSON lines: a last line that was cut off is dropped; any other line that cannot be read is damage,
/// with the file and the line in the sentence.
/// </summary>
public sealed class PredictionsBadLineTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Damages =>
        ["(", "null", "5", "[]", "{}", "", "{\"index\": null}", "{\"index\": 3, \"prediction\": [\"a\"]}"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_shared_file_is_refused_by_score_and_evaluate_and_stays_as_it_is()
    {
        string damaged = Shared.Require("cases", "predictions-bad-line", "TinyVQA.jsonl"), run = _scratch.At("run");
        string[] evaluate = ["evaluate", Demo.Model, "--benchmarks", Demo.Tables, "--only", "TinyVQA", "--limit", "2", "--dtype", "fp32",
            "--set", "evaluate.max_new_tokens=4", "--out", run];
        Assert.Equal(0, CommandRun.Of(evaluate).Code);
        string predictions = _scratch.At("run", "predictions", "TinyVQA.jsonl");
        File.Copy(damaged, predictions, overwrite: true);
        foreach (string[] command in new[] { ["score", run], evaluate })
        {
            string refusal = CommandRun.Of(command).Refusal();
            Assert.Contains("Line 12 of", refusal);
            Assert.Contains("TinyVQA.jsonl", refusal);
        }
        Assert.Equal(File.ReadAllBytes(damaged), File.ReadAllBytes(predictions));
    }

    [Theory, MemberData(nameof(Damages))]
    public void A_damaged_line_is_refused_wherever_it_stands(string line)
    {
        string run = Evaluated();
        foreach (string name in new[] { "predictions/AI2D_TEST.jsonl", "outcomes.jsonl" })
        {
            string path = _scratch.At("run", name);
            if (!File.Exists(path)) path = Directory.EnumerateFiles(_scratch.At("run", "predictions")).First();
            string[] whole = File.ReadAllLines(path);
            foreach (int place in new[] { 0, 5, whole.Length - 1 })   // the last one too: it has its end
            {
                File.WriteAllLines(path, [.. whole[..place], line, .. whole[(place + 1)..]]);
                string refusal = CommandRun.Of(name.StartsWith("pred", StringComparison.Ordinal) ? ["score", run] : ["compare", run, run])
                    .Refusal();
                Assert.Contains($"Line {place + 1} of {path}", refusal);
                Assert.True(refusal.Length < 600, refusal);
            }
            File.WriteAllLines(path, whole);
        }
    }

    [Fact]
    public void A_last_line_that_was_cut_off_is_dropped_and_one_that_lacks_but_its_end_is_kept()
    {
        string path = _scratch.At("answers.jsonl");
        using (var file = AnswerFile.Open(path))
            foreach (string index in (string[])["1", "2", "3"]) file.Add(new(index, "p", "text", 1, 1, 1, "stop"));
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^1]);
        Assert.Equal(3, AnswerFile.Read(path).Count);
        AnswerFile.Open(path).Dispose();
        Assert.Equal(whole, File.ReadAllBytes(path));
        File.WriteAllBytes(path, whole[..^5]);
        Assert.Equal(2, AnswerFile.Read(path).Count);
        using (var file = AnswerFile.Open(path)) file.Add(new("3", "p", "text", 1, 1, 1, "stop"));
        Assert.Equal(whole, File.ReadAllBytes(path));
        File.AppendAllText(path, File.ReadLines(path).First() + "\n");
        Assert.Contains("Line 4", Assert.Throws<InputException>(() => AnswerFile.Read(path)).Message);   // a row answered twice
    }

    [Theory, InlineData("null"), InlineData("{\"step\": 1}"), InlineData("[1]")]
    public void Logs_of_trainings_and_times_and_replies_are_held_to_the_same(string line)
    {
        string log = _scratch.At("train.jsonl");
        for (int step = 0; step < 3; step++) TrainingLog.Append(log, new(step, 0, 1, 1e-5, 1, 1, 1, 1, 1, 1));
        string[] rows = File.ReadAllLines(log);
        File.WriteAllLines(log, [rows[0], line, rows[2]]);
        Assert.Contains($"Line 2 of {log}", Assert.Throws<InputException>(() => TrainingLog.Read(log)).Message);
        File.WriteAllText(log, rows[0] + "\n{\"step\": 1, \"ep");
        Assert.Single(TrainingLog.Read(log));
        foreach (string name in (string[])["times.jsonl", "judge.jsonl"]) File.WriteAllText(_scratch.At(name), line + "\n");
        Assert.Contains("Line 1 of", Assert.Throws<InputException>(() => AnswerSeconds.Read(_scratch.At("times.jsonl"))).Message);
        Assert.Contains("Line 1 of",
            Assert.Throws<InputException>(() => Interlace.Evaluation.Judges.RepliesFile.Read(_scratch.At("judge.jsonl"))).Message);
    }

    [Fact]
    public void Answers_stand_in_the_order_of_the_table_interrupted_or_not()
    {
        var options = new EvaluationOptions(Demo.Tables, Only: ["TinyVQA"], Limit: 8, MaxNewTokens: 6, Slots: 4);
        Demo.Evaluate(_scratch.At("whole"), options);
        using var stop = new CancellationTokenSource();
        using (var loaded = Demo.Open())
            Assert.ThrowsAny<OperationCanceledException>(() =>
                new Evaluator(loaded, new Job(new(Evaluate: options), Demo.Fp32, null,
                    new ImmediateProgress(step => { if (step.Done >= 3) stop.Cancel(); }), stop.Token), _scratch.At("broken")).Run());
        Demo.Evaluate(_scratch.At("broken"), options);
        string[] Indices(string run) =>
            [.. File.ReadLines(_scratch.At(run, "predictions", "TinyVQA.jsonl"))
            .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!["index"]!.GetValue<string>())];
        using var table = BenchmarkTable.Open(Path.Combine(Demo.Tables, "TinyVQA.tsv"));
        Assert.Equal(table.Rows.Take(8).Select(row => row.Index), Indices("whole"));
        Assert.Equal(File.ReadAllBytes(_scratch.At("whole", "predictions", "TinyVQA.jsonl")),
            File.ReadAllBytes(_scratch.At("broken", "predictions", "TinyVQA.jsonl")));
    }

    private string Evaluated()
    {
        string run = EvaluatedFolder.Make(_scratch.At("run"), EvaluatedFolder.Tables(_scratch), null,
            new() { ["AI2D"] = 30, ["POPE"] = 20 });
        Assert.Equal(0, CommandRun.Of("score", run).Code);
        return run;
    }
}
