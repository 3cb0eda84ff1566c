using Interlace.Data;
using Interlace.Evaluation.Rules;
using Interlace.Vlm;

namespace Interlace.Evaluation.Scoring;

/// <summary>
/// Percentile bootstrap over questions: HRBench by question with its cycles, MMBench by group with its rotations, everything else by row.
/// Seeded: the same input gives the same interval on every machine.
/// </summary>
public static class Bootstrap
{
    /// <summary>Draws unless asked otherwise.</summary>
    public const int DefaultDraws = 2000;

    /// <summary>The interval of a headline, in percent; null where nothing was scored.</summary>
    public static Interval? Headline(Score score, long seed, int draws = DefaultDraws)
    {
        if (score.Units.Count == 0) return null;
        Draws random = new(seed);
        double[] values = new double[draws];
        double[] sums = new double[Width(score)];
        for (int d = 0; d < draws; d++)
        {
            Array.Clear(sums);
            for (int i = 0; i < score.Units.Count; i++) Add(sums, score.Units[random.Next(score.Units.Count)]);
            values[d] = Score.Headline(score.Rule, sums) ?? 0;
        }
        return Middle(values);
    }

    /// <summary>The interval of the plain mean over several benchmarks, each drawn by itself, in percent;
    /// null where nothing was scored.</summary>
    public static Interval? Mean(IReadOnlyList<Score> benchmarks, long seed, int draws = DefaultDraws)
    {
        Score[] scored = [.. benchmarks.Where(score => score.Units.Count > 0)];
        if (scored.Length == 0) return null;
        Draws random = new(seed);
        double[] values = new double[draws];
        double[][] sums = [.. scored.Select(score => new double[Width(score)])];
        for (int d = 0; d < draws; d++)
            for (int b = 0; b < scored.Length; b++)
            {
                Array.Clear(sums[b]);
                for (int i = 0; i < scored[b].Units.Count; i++) Add(sums[b], scored[b].Units[random.Next(scored[b].Units.Count)]);
                values[d] += (Score.Headline(scored[b].Rule, sums[b]) ?? 0) / scored.Length;
            }
        return Middle(values);
    }

    /// <summary>The intervals of one benchmark for two runs, whose questions are drawn together; null where the runs share none.</summary>
    public static PairedIntervals? Paired(Score run, Score baseline, long seed, int draws = DefaultDraws) =>
        Pair.Of(run, baseline) is { } pair ? Paired([pair], seed, draws) : null;

    /// <summary>
    /// The intervals of the mean over several benchmarks, each drawn by itself: of the mean difference and of the mean of the retentions.
    /// Benchmarks without common questions are left out; null where none is left.
    /// </summary>
    public static PairedIntervals? PairedMean(IReadOnlyList<(Score Run, Score Baseline)> benchmarks, long seed, int draws = DefaultDraws)
    {
        Pair[] pairs = [.. benchmarks.Select(b => Pair.Of(b.Run, b.Baseline)).OfType<Pair>()];
        return pairs.Length == 0 ? null : Paired(pairs, seed, draws);
    }

    /// <summary>
    /// The interval of the geometric mean over several texts of a run's perplexity / the baseline's, each text's rows drawn together for
    /// both; null where the runs share no row.
    /// </summary>
    public static Interval? PerplexityRatio(IReadOnlyList<(Score Run, Score Baseline)> texts, long seed, int draws = DefaultDraws)
    {
        Pair[] pairs = [.. texts.Select(text => Pair.Of(text.Run, text.Baseline)).OfType<Pair>()];
        if (pairs.Length == 0) return null;
        Draws random = new(seed);
        double[] ratios = new double[draws];
        for (int d = 0; d < draws; d++)
            ratios[d] = Math.Exp(pairs.Select(pair => pair.Draw(random)).Average(drawn => Math.Log(drawn.Run / drawn.Baseline)));
        return Middle(ratios);
    }

    private static PairedIntervals Paired(Pair[] pairs, long seed, int draws)
    {
        Draws random = new(seed);
        double[] differences = new double[draws], retentions = new double[draws];
        for (int d = 0; d < draws; d++)
        {
            foreach (Pair pair in pairs)
            {
                (double run, double baseline) = pair.Draw(random);
                differences[d] += (run - baseline) / pairs.Length;
                retentions[d] += 100 * run / baseline / pairs.Length;
            }
        }
        return new(pairs.Sum(pair => pair.Count), Middle(differences), retentions.All(double.IsFinite) ? Middle(retentions) : null);
    }

    private static int Width(Score score) => score.Units.Max(unit => unit.Sums.Length);

    private static void Add(double[] sums, SamplingUnit unit)
    {
        for (int i = 0; i < unit.Sums.Length; i++) sums[i] += unit.Sums[i];
    }

    internal static Interval Middle(double[] values)
    {
        Array.Sort(values);
        return new(Quantile(values, 0.025), Quantile(values, 0.975));
    }

    private static double Quantile(double[] sorted, double q)
    {
        double at = q * (sorted.Length - 1);
        int below = (int)at;
        return below + 1 < sorted.Length ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }

    /// <summary>A sequence of draws that is the same on every platform (SplitMix64).</summary>
    private sealed class Draws(long seed)
    {
        private SplitMix64 _chance = new(SeededHash.ShardKey("bootstrap", "", seed));

        /// <summary>A number from 0 to <paramref name="count"/> - 1.</summary>
        public int Next(int count) => SeededHash.Scaled(_chance.Next(), count);
    }

    /// <summary>The common units of two scores of one benchmark.</summary>
    private sealed record Pair(HeadlineRule Rule, (SamplingUnit Run, SamplingUnit Baseline)[] Common, double[] RunSums,
        double[] BaselineSums)
    {
        public int Count => Common.Length;

        public static Pair? Of(Score run, Score baseline)
        {
            Dictionary<string, SamplingUnit> byKey = new(StringComparer.Ordinal);
            foreach (SamplingUnit unit in baseline.Units) byKey.TryAdd(unit.Key, unit);
            (SamplingUnit,
                SamplingUnit)[] common = [.. run.Units.Where(unit => byKey.ContainsKey(unit.Key)).Select(unit => (unit, byKey[unit.Key]))];
            return common.Length == 0 ? null : new(run.Rule, common, new double[Width(run)], new double[Width(baseline)]);
        }

        public (double Run, double Baseline) Draw(Draws random)
        {
            Array.Clear(RunSums);
            Array.Clear(BaselineSums);
            for (int i = 0; i < Common.Length; i++)
            {
                (SamplingUnit run, SamplingUnit baseline) = Common[random.Next(Common.Length)];
                Add(RunSums, run);
                Add(BaselineSums, baseline);
            }
            return (Score.Headline(Rule, RunSums) ?? 0, Score.Headline(Rule, BaselineSums) ?? 0);
        }
    }
}
