using System.Diagnostics;
using Interlace.Evaluation.Asking;
using Interlace.Experiments;

namespace Interlace.Tests.Evaluation.Asking;

public sealed class AnswerSecondsTests : IDisposable
{
    private static readonly string[] Names = ["TinyVQA", "TinyOCR"];
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_answer_has_its_times_before_and_after_an_interruption()
    {
        var options = new EvaluationOptions(Demo.Tables, Names, Limit: 5, MaxNewTokens: 4, Slots: 3);
        var clock = Stopwatch.StartNew();
        Demo.Evaluate(_scratch.Path, options);
        double passed = clock.Elapsed.TotalSeconds;
        var lines = Names.SelectMany(Times).ToArray();
        Assert.True(lines.Sum(line => line.Prefill + line.Decoding) <= passed);   // shares, not durations
        Assert.All(lines, line => Assert.True(line is { Image: > 0, Prefill: > 0 } && line.Decoding > 0 == line.Tokens > 1, line.ToString()));
        Same();

        string predictions = _scratch.At("predictions", "TinyVQA.jsonl"), times = _scratch.At("times", "TinyVQA.jsonl");
        string[] answers = File.ReadAllLines(predictions);
        File.WriteAllText(predictions, string.Join('\n', answers[..3]) + "\n" + answers[3][..20]);   // killed while it wrote the fourth answer, whose time was there
        File.WriteAllText(times, string.Join('\n', File.ReadAllLines(times)[..4]) + "\n{\"index\":");
        var kept = Times("TinyVQA").Take(3).ToArray();
        Demo.Evaluate(_scratch.Path, options);
        Same();
        Assert.Equal(kept, Times("TinyVQA").Take(3));

        Demo.Evaluate(_scratch.Path, options with { MaxNewTokens = 1 });
        Same();
        Assert.All(Names.SelectMany(Times), line => Assert.Equal((1, 0), (line.Tokens, line.Decoding)));
    }

    [Fact]
    public void Rates_are_answers_and_tokens_by_the_time_of_the_model()
    {
        using (var file = AnswerSeconds.Open(_scratch.At("times", "A.jsonl"), []))
        {
            file.Add(new("1", 9, 0.5, 1, 6));
            file.Add(new("2", 9, 0.25, 0.25, 2));
        }
        var rate = Assert.Single(EvaluationFolder.ReadRates(_scratch.Path, ["A", "B"]));
        Assert.Equal(("A", 2, 2.0, 8L, 1.0, 4.0), (rate.Benchmark, rate.Answers, rate.Seconds, rate.Tokens, rate.AnswersPerSecond, rate.TokensPerSecond));
        Assert.Equal(4, (double)AnswerRate.ToJson([rate])["A"]!["tokens_per_second"]!);
        Assert.False(File.Exists(_scratch.At("times", "B.jsonl")));
    }

    private IReadOnlyList<AnswerSeconds> Times(string name) => AnswerSeconds.Read(_scratch.At("times", name + ".jsonl"));

    /// <summary>One line for each answer, and none for others.</summary>
    private void Same()
    {
        foreach (string name in Names)
        {
            var answers = EvaluationFolder.ReadAnswers(_scratch.Path, name).Values.Select(answer => $"{answer.Index}: {answer.Tokens}").Order(StringComparer.Ordinal).ToArray();
            Assert.Equal(5, answers.Length);
            Assert.Equal(answers, Times(name).Select(line => $"{line.Index}: {line.Tokens}").Order(StringComparer.Ordinal));
        }
    }
}
