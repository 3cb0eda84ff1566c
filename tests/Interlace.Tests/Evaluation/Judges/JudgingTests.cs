using System.Collections.Concurrent;
using Interlace.Evaluation.Judges;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Tests.Images;

namespace Interlace.Tests.Evaluation.Judges;

public class JudgingTests
{
    [Fact]
    public async Task Only_choices_that_could_not_be_extracted_are_asked_and_at_most_three_times()
    {
        ScriptedJudge judge = new(request => request.Prompt.Contains("fluffy", StringComparison.Ordinal) ? request.Attempt < 2 ? "hm" : "A" : request.Prompt.Contains("silent", StringComparison.Ordinal) ? null : "no idea");
        Prediction[] predictions = [Choice(1, "A"), Choice(2, "something fluffy"), Choice(3, "B"), Choice(4, "who knows"), Choice(5, "silent")];
        var judged = await Apply(BenchmarkKind.Choice, predictions, judge);
        Assert.Equal([null, "A", null, "no idea", null], judged.Select(p => p.JudgeReply));
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], judge.Requests.Select(r => r.Attempt));
        Assert.All(judge.Requests, r => Assert.Equal((0.0, 0), (r.Temperature, r.Images.Count)));
        Assert.Equal(JudgePrompts.MultipleChoice("which?", predictions[1].Row.Options, "something fluffy"), judge.Requests.First().Prompt);
        Score score = Scores.Of(Benchmarks.Find("AI2D")!, judged);
        Assert.Equal((40.0, 0.6, 2), (score.Percent!.Value, score.ExtractionFailureRate!.Value, score.JudgeFailures));
        Assert.Equal(80, score.PercentIfFailuresWereRight!.Value, 1e-9);
    }

    [Fact]
    public async Task Yes_or_no_is_asked_at_rising_temperatures_until_a_reply_can_be_read()
    {
        ScriptedJudge judge = new(request => request.Prompt.Contains("clouds", StringComparison.Ordinal) ? "Unknown" : request.Temperature < 1 ? null : "Yes");
        Prediction[] predictions = [YesOrNo(1, "yes"), YesOrNo(2, "there is a dog"), YesOrNo(3, "clouds")];
        var judged = await Apply(BenchmarkKind.YesNo, predictions, judge);
        Assert.Equal([null, "Yes", "Unknown"], judged.Select(p => p.JudgeReply));
        Assert.Equal([0, 0.5, 1, 0, 0.5, 1, 1.5, 2], judge.Requests.Select(r => r.Temperature));
        Score score = Scores.Of(Benchmarks.Find("POPE")!, judged);
        Assert.Equal((80.0, 1), (Math.Round(score.Percent!.Value, 9), score.JudgeFailures));
    }

    [Fact]
    public async Task Every_instruction_is_graded_with_its_image_and_failures_leave_the_mean()
    {
        string cells = "index\timage\tquestion\tcomponents\tcomponent_weight\tcomponent_type\tnum_of_component\n";
        byte[] picture = Png.Write(8, 8, 8, 2, [.. Enumerable.Range(0, 8 * 8 * 3).Select(i => (byte)(i * 37))]);
        for (int i = 0; i < 4; i++)
            cells += $"{i}\t{Convert.ToBase64String(picture)}\tdo it\t{(i == 3 ? "[]" : "['a', 'b']")}\t['4', '6']\t['x', 'y']\t2\n";
        using TemporaryFile file = new(cells);
        using BenchmarkTable table = BenchmarkTable.Open(file.Path);
        ScriptedJudge judge = new(request => request.Prompt.Contains("'answer 0'", StringComparison.Ordinal) ? "score of component 1: 2/4, score of component 2: 6/6, total score: 8/10. Good." :
            request.Prompt.Contains("'answer 1'", StringComparison.Ordinal) ? "I like it" : null);
        Prediction[] predictions = [.. table.Rows.Select(row => new Prediction(row, $"answer {row.Index}"))];
        var (judged, leftOut) = await Judging.Apply(BenchmarkKind.Judged, table, predictions, RuleSet.November2025, judge, 1, () => { },
            TestContext.Current.CancellationToken);
        Assert.Equal((3, 0), (judge.Requests.Count, leftOut.Total));
        Assert.All(judge.Requests, r => Assert.Equal(picture, Assert.Single(r.Images)));
        Score score = Scores.Of(Benchmarks.Find("MIABench")!, judged);
        Assert.Equal((80.0, 3, 50.0), (score.Percent!.Value, score.JudgeFailures, score.SubScores["x"]));
        Assert.Contains("3 of 4 rows", score.Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BenchmarkKind.Vqa), InlineData(BenchmarkKind.Relaxed), InlineData(BenchmarkKind.Anls), InlineData(BenchmarkKind.Contains)]
    public async Task Short_answers_are_never_judged(BenchmarkKind kind)
    {
        ScriptedJudge judge = new(_ => throw new InvalidOperationException("asked"));
        Assert.Null(Assert.Single(await Apply(kind, [Choice(1, "who knows")], judge)).JudgeReply);
    }

    [Fact]
    public async Task A_reply_that_came_with_the_answer_is_kept()
    {
        ScriptedJudge judge = new(_ => throw new InvalidOperationException("asked"));
        Assert.Equal("B", Assert.Single(await Apply(BenchmarkKind.Choice, [Choice(1, "who knows") with { JudgeReply = "B" }], judge)).JudgeReply);
    }

    private static async Task<IReadOnlyList<Prediction>> Apply(BenchmarkKind kind, Prediction[] predictions, IJudge judge) =>
        (await Judging.Apply(kind, null, predictions, RuleSet.November2025, judge, 1, () => { },
            TestContext.Current.CancellationToken)).Predictions;

    private static Prediction Choice(int index, string text) => new(new([new("index", $"{index}"), new("question", "which?"), new("A", "a cat"), new("B", "a dog"), new("answer", "A")]), text);

    private static Prediction YesOrNo(int index, string text) => new(new([new("index", $"{index}"), new("question", "Is there a dog?"), new("answer", "Yes")]), text);

    private sealed class ScriptedJudge(Func<JudgeRequest, string?> reply) : IJudge
    {
        public ConcurrentQueue<JudgeRequest> Requests { get; } = new();

        public string Model => "scripted";

        public Task<JudgeReply> Ask(JudgeRequest request, CancellationToken cancellation)
        {
            Requests.Enqueue(request);
            return Task.FromResult(reply(request) is { } text ? new JudgeReply(text) : new JudgeReply(null, "silence"));
        }
    }
}
