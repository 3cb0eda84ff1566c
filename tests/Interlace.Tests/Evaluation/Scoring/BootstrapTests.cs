using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Evaluation.Scoring;

public class BootstrapTests
{
    [Fact]
    public void The_interval_of_a_mean_is_that_of_a_binomial()
    {
        Score score = Run(Enumerable.Range(0, 400), right: i => i % 4 != 0);
        Interval interval = Bootstrap.Headline(score, seed: 1)!.Value;
        double sigma = 100 * Math.Sqrt(0.75 * 0.25 / 400);
        Assert.Equal(75, score.Percent);
        Assert.InRange(interval.Low, 75 - 2.2 * sigma, 75 - 1.7 * sigma);
        Assert.InRange(interval.High, 75 + 1.7 * sigma, 75 + 2.2 * sigma);
        Assert.Equal(interval, Bootstrap.Headline(score, seed: 1));
        Assert.NotEqual(Bootstrap.Headline(score, seed: 1, draws: 9), Bootstrap.Headline(score, seed: 2, draws: 9));
    }

    [Fact]
    public void The_interval_of_a_mean_of_benchmarks_narrows_with_their_number()
    {
        Score[] equal = [.. Enumerable.Range(0, 4).Select(_ => Run(Enumerable.Range(0, 400), right: i => i % 4 != 0))];
        Assert.Equal(Bootstrap.Headline(equal[0], seed: 1), Bootstrap.Mean([equal[0]], seed: 1));
        Interval mean = Bootstrap.Mean(equal, seed: 1)!.Value;
        double sigma = 100 * Math.Sqrt(0.75 * 0.25 / 400 / 4);   // four benchmarks, each drawn by itself
        Assert.InRange(mean.Low, 75 - 2.2 * sigma, 75 - 1.7 * sigma);
        Assert.InRange(mean.High, 75 + 1.7 * sigma, 75 + 2.2 * sigma);
        Assert.Null(Bootstrap.Mean([], seed: 1));
    }

    [Fact]
    public void Questions_are_drawn_with_all_their_cycles()
    {
        BenchmarkRow Row(int i) => new([new("index", $"{i}"), new("question", $"q{i / 4}"), new("cycle_category", $"cycle_{i % 4}"), new("A", "yes"), new("B", "no"), new("answer", "A")]);
        Score score = ChoiceScores.Cycles([.. Enumerable.Range(0, 80).Select(i => new Prediction(Row(i), i / 4 % 2 == 0 ? "A" : "B"))]);
        Assert.Equal(20, score.Units.Count);
        // Twenty questions, each right or wrong in all cycles: the width of 20 draws, not of 80.
        Interval interval = Bootstrap.Headline(score, seed: 3)!.Value;
        Assert.InRange(interval.High - interval.Low, 36, 50);
    }

    [Fact]
    public void Groups_of_rotations_are_one_unit()
    {
        BenchmarkRow Row(int i) => new([new("index", $"{i % 10 + i / 10 * 1_000_000}"), new("A", "yes"), new("B", "no"), new("answer", "A")]);
        Score score = ChoiceScores.Circular([.. Enumerable.Range(0, 40).Select(i => new Prediction(Row(i), i == 33 ? "B" : "A"))]);
        Assert.Equal(10, score.Units.Count);
        Assert.Equal(90, score.Percent);
        Assert.Equal(97.5, score.SubScores["plain_all_rows"]);
        Assert.Equal(100, score.SubScores["plain_base_rows"]);
    }

    [Fact]
    public void Pairing_takes_out_what_both_runs_share()
    {
        Score baseline = Run(Enumerable.Range(0, 300), i => i % 2 == 0), run = Run(Enumerable.Range(0, 300), i => i % 2 == 0 && i % 30 != 0);
        PairedIntervals paired = Bootstrap.Paired(run, baseline, seed: 5)!;
        Assert.Equal(300, paired.Units);
        Assert.InRange(paired.Difference.Low, -6, -4);
        Assert.InRange(paired.Difference.High, -2.5, -1);
        Assert.InRange(paired.Retention!.Value.Low, 88, 92);
        Assert.InRange(paired.Retention!.Value.High, 95, 98);
        PairedIntervals same = Bootstrap.Paired(baseline, baseline, seed: 5)!;
        Assert.Equal(new Interval(0, 0), same.Difference);
        Assert.Equal((100.0, 100.0), (Math.Round(same.Retention!.Value.Low, 9), Math.Round(same.Retention.Value.High, 9)));
    }

    [Fact]
    public void A_mean_over_benchmarks_is_narrower_than_one_of_them()
    {
        Score baseline = Run(Enumerable.Range(0, 100), _ => true), run = Run(Enumerable.Range(0, 100), i => i % 5 != 0);
        PairedIntervals one = Bootstrap.Paired(run, baseline, seed: 1)!, four = Bootstrap.PairedMean([.. Enumerable.Repeat((run, baseline), 4)], seed: 1)!;
        Assert.InRange((four.Difference.High - four.Difference.Low) / (one.Difference.High - one.Difference.Low), 0.4, 0.6);
        Assert.Null(Bootstrap.PairedMean([], seed: 1));
    }

    [Fact]
    public void Nothing_scored_or_shared_has_no_interval()
    {
        Score none = Scores.Of(Benchmarks.Find("MIABench")!, [new(new([new("index", "1")]), "text")]);
        Assert.Null(none.Percent);
        Assert.Contains("judge", none.Note);
        Assert.Null(Bootstrap.Headline(none, seed: 1));
        Assert.Null(Bootstrap.Paired(Run([1], _ => true), Run([2], _ => true), seed: 1));
        Assert.Null(Bootstrap.Paired(Run([1, 2], _ => true), Run([1, 2], _ => false), seed: 1)!.Retention);
    }

    private static Score Run(IEnumerable<int> indices, Func<int, bool> right) =>
        ShortAnswer.Score([.. indices.Select(i => new Prediction(new([new("index", $"{i}"), new("answer", "yes")]), right(i) ? "yes" : "no"))], ShortAnswer.Relaxed);
}
