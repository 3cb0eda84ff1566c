using Interlace.Data;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Evaluation.Latency;

/// <summary>
/// Medians with percentile bootstrap intervals over questions. Ratios are paired: both times are of the same question.
/// The ratio of a group is the mean over its benchmarks,
/// of everything the mean over all benchmarks, as in the paper's Table 4; the draws of the benchmarks are averaged likewise.
/// </summary>
internal static class LatencyStatistics
{
    private const int DrawCount = 1000;

    /// <summary>The stages of one model.</summary>
    public static ModelLatency Of(IReadOnlyList<AnswerTimes> times, int seed)
    {
        Estimate Middle(Func<AnswerTimes, double> stage) => Resampled.Of(Values(times, stage), seed).Estimate;
        return new(Middle(t => t.Image), Middle(t => t.Vision), Middle(t => t.Prefill), Middle(t => t.FirstToken),
            Middle(t => t.TimeToFirstToken), Middle(t => t.PerToken),
            new(Values(times, t => t.Image), Values(times, t => t.Vision), Values(times, t => t.Prefill), Values(times, t => t.FirstToken),
            Values(times, t => t.PerToken)));
    }

    /// <summary>The rows of Table 4: benchmarks by group, each group's mean after them, and the mean of all at the end.</summary>
    /// <param name="benchmarks">[benchmark][model][question], the baseline first.</param>
    /// <param name="seed">Seed of the intervals.</param>
    public static SpeedUpRow[] SpeedUps(IReadOnlyList<(Benchmark Benchmark, IReadOnlyList<AnswerTimes>[] Models)> benchmarks, int seed)
    {
        var measured = benchmarks.Select(b =>
            (b.Benchmark.Group, b.Benchmark.Name, Ratios: b.Models.Skip(1).Select(model => Ratios.Of(b.Models[0], model, seed)).ToArray()))
            .ToArray();
        if (measured.Length == 0 || measured[0].Ratios.Length == 0) return [];
        var rows = new List<SpeedUpRow>();
        foreach (var group in measured.GroupBy(b => b.Group).OrderBy(g => Place(g.Key)))
        {
            rows.AddRange(group.Select(b => new SpeedUpRow(b.Group, b.Name, [.. b.Ratios.Select(r => r.SpeedUp)])));
            if (group.Key is not null) rows.Add(new(group.Key, null, Mean([.. group.Select(b => b.Ratios)])));
        }
        rows.Add(new(null, null, Mean([.. measured.Select(b => b.Ratios)])));
        return [.. rows];
    }

    /// <summary>The median; of an even number the mean of the middle two.</summary>
    public static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static int Place(string? group)
    {
        for (int i = 0; i < Benchmarks.Groups.Count; i++)
            if (Benchmarks.Groups[i] == group) return i;
        return group is null ? int.MaxValue : Benchmarks.Groups.Count;
    }

    private static SpeedUp[] Mean(Ratios[][] benchmarks) => [.. Enumerable.Range(0, benchmarks[0].Length).Select(m => new SpeedUp(
        Resampled.Mean([.. benchmarks.Select(b => b[m].First)]).Estimate,
            Resampled.Mean([.. benchmarks.Select(b => b[m].Prefill)]).Estimate,
            Resampled.Mean([.. benchmarks.Select(b => b[m].PerToken)]).Estimate))];

    // to a tenth of a microsecond
    private static double[] Values(IReadOnlyList<AnswerTimes> times, Func<AnswerTimes, double> stage) =>
        [.. times.Select(t => Math.Round(stage(t), 4))];

    private sealed record Ratios(Resampled First, Resampled Prefill, Resampled PerToken)
    {
        public SpeedUp SpeedUp => new(First.Estimate, Prefill.Estimate, PerToken.Estimate);

        public static Ratios Of(IReadOnlyList<AnswerTimes> baseline, IReadOnlyList<AnswerTimes> model, int seed)
        {
            Resampled Ratio(Func<AnswerTimes, double> stage) =>
                Resampled.Of([.. baseline.Zip(model, (b, m) => stage(m) > 0 ? stage(b) / stage(m) : 1)], seed);
            return new(Ratio(t => t.TimeToFirstToken), Ratio(t => t.Prefill), Ratio(t => t.PerToken));
        }
    }

    private sealed record Resampled(double Median, double[] Draws)
    {
        public Estimate Estimate
        {
            get
            {
                Interval middle = Bootstrap.Middle((double[])Draws.Clone());
                return new(Median, [middle.Low, middle.High]);
            }
        }

        public static Resampled Of(double[] values, int seed)
        {
            var random = new SplitMix64(SeededHash.ShardKey("latency", "", seed));
            double[] draws = new double[DrawCount], drawn = new double[values.Length];
            for (int d = 0; d < draws.Length; d++)
            {
                for (int i = 0; i < drawn.Length; i++) drawn[i] = values[random.Next(values.Length)];
                draws[d] = LatencyStatistics.Median(drawn);
            }
            return new(LatencyStatistics.Median(values), draws);
        }

        public static Resampled Mean(Resampled[] parts) =>
            new(parts.Average(p => p.Median), [.. Enumerable.Range(0, DrawCount).Select(d => parts.Average(p => p.Draws[d]))]);
    }
}
