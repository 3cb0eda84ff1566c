using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Evaluation.Asking;

public sealed class BatchCheckTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Only_what_a_batch_may_change_is_checked()
    {
        var settings = new AnswerSettings("limited", 50, "dataset", null, null, "cpu", "fp32");
        Assert.False(BatchCheck.IsNeeded(settings, new()));
        Assert.True(BatchCheck.IsNeeded(settings with { Dtype = "bf16" }, new()));
        Assert.True(BatchCheck.IsNeeded(settings with { Device = "cuda" }, new()));
        Assert.False(BatchCheck.IsNeeded(settings with { Device = "cuda" }, new(Slots: 1)));
    }

    [Fact]
    public void The_rows_are_the_same_in_any_order_and_others_for_another_seed()
    {
        (string, BenchmarkRow)[] rows = [.. from benchmark in new[] { "A", "B" } from i in Enumerable.Range(0, 50) select (benchmark, new BenchmarkRow([new("index", $"{i}"), new("question", "?")]))];
        string[] Chosen(IEnumerable<(string, BenchmarkRow)> of, int seed) => [.. BatchCheck.Rows(of, 20, seed).Select(row => row.Benchmark + row.Row.Index)];
        string[] chosen = Chosen(rows, 0);
        Assert.Equal(20, chosen.Distinct().Count());
        Assert.Equal(chosen, Chosen(rows.Reverse(), 0));
        Assert.NotEqual(chosen, Chosen(rows, 1));
        Assert.True(chosen.Count(name => name[0] == 'A') is > 3 and < 17);
        Assert.Equal(100, BatchCheck.Rows(rows, 1000, 0).Count());
    }

    [Fact]
    public void Texts_are_compared_as_far_as_both_go()
    {
        Answer batched = new("1", "p", "a brown cat\u00e9", 9, 4, 9, "stop");
        Assert.True(BatchCheck.IsSameText(batched, batched));
        Assert.False(BatchCheck.IsSameText(batched, batched with { Prediction = "a brown cat" }));
        Assert.True(BatchCheck.IsSameText(batched, batched with { Prediction = "a brown cat", Tokens = 7, FinishReason = "length" }));
        Assert.True(BatchCheck.IsSameText(batched, batched with { Prediction = "a brown cat\uFFFD", Tokens = 7, FinishReason = "length" }));
        Assert.False(BatchCheck.IsSameText(batched, batched with { Prediction = "a black cat", Tokens = 7, FinishReason = "length" }));
        Assert.False(BatchCheck.IsSameText(batched, batched with { Prediction = "a brown cat", Tokens = 7 }));
    }

    [Fact]
    public void Differing_texts_are_counted_where_both_are_there()
    {
        void Write(string folder, params string[] texts)
        {
            using var file = AnswerFile.Open(_scratch.At(folder, "A.jsonl"));
            foreach (var (i, text) in texts.Index()) file.Add(new($"{i}", "p", text, 9, 4, 2, "stop"));
        }
        Write("predictions", "a", "b", "c");
        Assert.Null(BatchCheck.Of(_scratch.Path, ["A", "B"]));
        Write("alone", "a", "x", "c", "not answered in a batch");
        Assert.Equal(new BatchCheck(3, 1), BatchCheck.Of(_scratch.Path, ["A", "B"]));
    }

    [Fact]
    public void A_run_in_bf16_asks_some_rows_once_more_and_says_what_came_of_it()
    {
        string[] command = ["evaluate", Demo.Model, "--benchmarks", Demo.Tables, "--out", _scratch.At("run"), "--only", "TinyChart,TinyVQA", "--limit", "3", "--device", "cpu", "--dtype", "bf16", "--set", "evaluate.max_new_tokens=2", "--set", "evaluate.check_batching=4"];
        string text = CommandRun.Of(command).Out;
        string scored = File.ReadAllText(_scratch.At("run", ScoresFile.Name));
        var scores = ScoresFile.Load(_scratch.At("run", ScoresFile.Name));
        Assert.Equal(4, scores.Batching!.Checked);
        Assert.Contains($"batching: {scores.Batching.Differing} of 4 answers are another text", text, StringComparison.Ordinal);
        Assert.Matches(@"answers a second, new tokens a second: TinyChart [\d.]+, [\d.]+; TinyVQA [\d.]+, [\d.]+", text);
        string[] alone = [.. Directory.EnumerateFiles(_scratch.At("run", "alone")).SelectMany(File.ReadLines)];
        Assert.Equal(4, alone.Length);

        foreach (string[] again in new string[][] { command, ["score", _scratch.At("run")] })
        {
            Assert.Equal(0, CommandRun.Of(again).Code);
            Assert.Equal(scored, File.ReadAllText(_scratch.At("run", ScoresFile.Name)));
        }
        Assert.Equal(alone, Directory.EnumerateFiles(_scratch.At("run", "alone")).SelectMany(File.ReadLines));   // nothing was asked a third time
    }
}
