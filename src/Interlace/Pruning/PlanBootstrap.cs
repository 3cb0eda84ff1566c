using Interlace.Calibration;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>
/// How much a plan depends on which samples were drawn: the samples are drawn anew from themselves, with replacement,
/// and the plan is made again from each drawing (bootstrap).
/// It works on the sums per sample, so no model is needed; chance comes from the seed and the number of samples alone.
/// </summary>
/// <param name="layers">Number of decoder layers, L.</param>
/// <param name="visualLevels">Layers that are protected where the options say so.</param>
/// <param name="options">The plan that is asked for.</param>
/// <param name="seed">Seed of the drawings, and of methods that use chance.</param>
internal sealed class PlanBootstrap(int layers, int visualLevels, PlanOptions options, int seed)
{
    /// <summary>Drawings.</summary>
    public const int Resamples = 200;

    /// <summary>The plan of all samples, and how it fares; null where they hold no token of the class that counts.</summary>
    /// <exception cref="PlanException">There is no such plan.</exception>
    public PlanFrequencies? Of(IReadOnlyList<SampleSums> samples)
    {
        var table = new Table(samples, options.Tokens, SelectionRules.Of(options).Weighting == Weighting.Samples);
        if (Plan(table, [.. samples.Select(_ => 1)]) is not { } plan) return null;
        var (drop, tune) = (new double[layers], new double[layers]);
        int sameDrop = 0, samePlan = 0;
        var random = new SplitMix64(SeededHash.ShardKey("resample", $"{samples.Count}", seed));
        for (int r = 0; r < Resamples; r++)
        {
            int[] weights = new int[samples.Count];
            for (int i = 0; i < weights.Length; i++) weights[random.Next(weights.Length)]++;
            if (Plan(table, weights) is not { } other) continue;
            foreach (int layer in other.Drop) drop[layer] += 1.0 / Resamples;
            foreach (int layer in other.Tune) tune[layer] += 1.0 / Resamples;
            bool same = other.Drop.SequenceEqual(plan.Drop);
            if (same) sameDrop++;
            if (same && other.Tune.SequenceEqual(plan.Tune)) samePlan++;
        }
        return new(plan, Rounded(drop), Rounded(tune), (double)sameDrop / Resamples, (double)samePlan / Resamples);
    }

    private PruningPlan? Plan(Table table, int[] weights) => table.Tokens(weights) == 0 ? null : PlanStage.Run(new Evidence(layers)
    {
        LayerSimilarity = table.Means(1, weights),
        TripletSimilarity = layers < 3 ? [] : table.Means(3, weights),
        WindowSimilarity = length => table.Means(length, weights),
        WindowAngle = length => table.Angles(length, weights),
        Tokens = options.Tokens,
        ProtectedLayers = options.Protect ? visualLevels : 0,
        Seed = seed,
        KeepsSinks = options.ProtectSinks,
        SinkWriters = options.ProtectSinks ? (table.Sinks(weights) ?? throw PlanStage.NoProfile()).Writers : [],
    }, options);

    private static double[] Rounded(double[] shares) => [.. shares.Select(share => Math.Round(share * Resamples) / Resamples)];

    /// <summary>Sums per sample over the classes of tokens that count, span by span as they are asked for.</summary>
    private sealed class Table(IReadOnlyList<SampleSums> samples, string tokens, bool bySample)
    {
        private readonly int[] _classes =
            [.. LayerSimilarity.Classes.Index().Where(c => tokens == "all" || c.Item == tokens).Select(c => c.Index)];
        private readonly Dictionary<int, double[][]> _sums = [], _angles = [];

        public SinkProfile? Sinks(int[] weights) => SinkProfile.Of(samples.Where((_, s) => weights[s] > 0));

        public long Tokens(int[] weights) => samples.Index().Sum(s => weights[s.Index] * TokensOf(s.Item));

        private long TokensOf(SampleSums sample) => _classes.Sum(c => sample.Counts[c]);

        /// <summary>What the means of all samples are sums over: tokens, or samples that have such tokens.</summary>
        private long Total(int[] weights) =>
            bySample ? samples.Index().Sum(s => TokensOf(s.Item) > 0 ? weights[s.Index] : 0) : Tokens(weights);

        public double[] Means(int span, int[] weights)
        {
            if (!_sums.TryGetValue(span, out var sums))
            {
                sums = Rows(span, of => [.. Enumerable.Range(0, of.Last.Length)
                    .Select(i => _classes.Sum(c => of.Sums[i * SimilarityMeter.Classes + c]))]);
                foreach (var (s, row) in sums.Index())
                    for (int i = 0; bySample && i < row.Length; i++) row[i] /= Math.Max(1, TokensOf(samples[s]));
                _sums[span] = sums;
            }
            return Weighted(sums, weights, Total(weights));
        }

        public double[] Angles(int span, int[] weights)
        {
            if (!_angles.TryGetValue(span, out var angles))
                _angles[span] = angles = Rows(span, of => [.. of.Last.Select(cosine => Math.Acos(Math.Clamp(cosine, -1, 1)) / Math.PI)]);
            return Weighted(angles, weights, weights.Sum());
        }

        private double[][] Rows(int span, Func<(double[] Sums, double[] Last), double[]> row) =>
            [.. samples.Select(sample => row(sample.Spans.TryGetValue(span, out var found) ? found
            : throw SampleMeans.NotMeasured(span)))];

        private static double[] Weighted(double[][] rows, int[] weights, double total)
        {
            double[] means = new double[rows[0].Length];
            for (int s = 0; s < rows.Length; s++)
                if (weights[s] is > 0 and var weight)
                    for (int i = 0; i < means.Length; i++) means[i] += weight * rows[s][i];
            for (int i = 0; i < means.Length; i++) means[i] /= total;
            return means;
        }
    }
}
