using System.Collections.Concurrent;
using Interlace.Data;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>
/// Makes steps of the samples of an epoch. On one rank the samples come whole. On several they come as outlines, which say how the samples
/// of a step are shared out, the same on every rank, and a rank opens its own.
/// </summary>
/// <param name="options">How samples are grouped.</param>
/// <param name="trainsAllText">All text is trained on, and not answers alone.</param>
/// <param name="ranks">The ranks.</param>
/// <param name="parts">Into how many parts a micro-batch is cut, where it has as many samples.</param>
internal sealed class TrainingSteps(BatchOptions options, bool trainsAllText, ICollective ranks, int parts)
{
    private static readonly Dictionary<long, string> None = [];

    /// <summary>The steps, each before the sample behind it is asked for.</summary>
    /// <param name="samples">Samples in order.</param>
    /// <param name="skipped">Where those are counted that are left out.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    public IEnumerable<TrainingStep> Of(IEnumerable<LoadedSample> samples, SkipCounts skipped, CancellationToken cancellation)
    {
        var epoch = new EpochSamples(samples, skipped);
        return ranks.Count == 1 ? Steps(epoch, Whole) : Ahead.Of(Steps(epoch, Opened), cancellation);
    }

    private IEnumerable<TrainingStep> Steps(EpochSamples epoch,
        Func<OptimiserStep, (IReadOnlyList<MicroBatch> Own, IReadOnlyDictionary<long, string> Failing)> own)
    {
        foreach (var step in Batcher.Steps(epoch.Read(), options))
        {
            var (skipped, ended) = (epoch.Skipped, epoch.Ended);
            var all = step.MicroBatches.SelectMany(batch => batch).Select(sample => sample.Encoded);
            var mine = own(step);
            int rounds = ranks.Count == 1 ? mine.Own.Sum(batch => batch.Parts.Count)
                : Enumerable.Range(0, ranks.Count).Max(rank => BatchesOf(step, rank).Sum(batch => Math.Min(parts, batch.Count())));
            yield return new(mine.Own, rounds, mine.Failing, all.Count(), all.Sum(sample => (long)sample.Length), all.Sum(Targets),
                step.MicroBatches.Count, step.NextIndex, skipped, ended);
        }
    }

    private (IReadOnlyList<MicroBatch>, IReadOnlyDictionary<long, string>) Whole(OptimiserStep step) =>
        ([.. step.MicroBatches.Select(batch => Of([.. batch.Select(sample => sample.Encoded)]))], None);

    private (IReadOnlyList<MicroBatch>, IReadOnlyDictionary<long, string>) Opened(OptimiserStep step)
    {
        LoadedSample[][] batches = [.. BatchesOf(step, ranks.Rank).Select(batch => batch.ToArray())];
        var found = new ConcurrentDictionary<long, (EncodedSample? Encoded, string? Skip)>();
        Together.Run(() => Parallel.ForEach(batches.SelectMany(batch => batch), sample => found[sample.Index] = sample.Open!()));
        var failing = found.Where(sample => sample.Value.Encoded is null).ToDictionary(sample => sample.Key, sample => sample.Value.Skip!);
        return failing.Count > 0 ? ([], failing)
            : ([.. batches.Select(batch => Of([.. batch.Select(sample => found[sample.Index].Encoded!)]))], None);
    }

    /// <summary>
    /// The samples of a step that are a rank's. Where the mean is taken over micro-batches these stay as they are; else samples are
    /// shared out one by one, which leaves no rank with much more to do than another.
    /// </summary>
    private IEnumerable<IEnumerable<LoadedSample>> BatchesOf(OptimiserStep step, int rank)
    {
        if (options.SamplesPerMicroBatch is not null)
        {
            int[] owners = Sharing.Out([.. step.MicroBatches.Select(batch => batch.Sum(s => (long)s.Encoded.Length))], ranks.Count);
            return step.MicroBatches.Where((_, i) => owners[i] == rank);
        }
        LoadedSample[] all = [.. step.MicroBatches.SelectMany(batch => batch).OrderBy(sample => sample.Index)];
        int[] owner = Sharing.Out([.. all.Select(sample => (long)sample.Encoded.Length)], ranks.Count);
        LoadedSample[] own = [.. all.Where((_, i) => owner[i] == rank)];
        return Batcher.ByTokens([.. own.Select(sample => sample.Encoded.Length)], options.TokenBudget)
            .Select(batch => batch.Select(i => own[i]));
    }

    private MicroBatch Of(EncodedSample[] samples)
    {
        int count = Math.Min(parts, samples.Length);
        int[] places = Sharing.Out([.. samples.Select(sample => (long)sample.Length)], count);
        return new([.. Enumerable.Range(0, count).Select(part => samples.Where((_, i) => places[i] == part).ToArray())],
            samples.Sum(Targets), samples.Sum(sample => (long)sample.Length));
    }

    private long Targets(EncodedSample sample) => Batch.CountTargets(sample, trainsAllText);

    /// <summary>Passes samples on and remembers what had been left out when the last one came:
    /// asking for the next may count more.</summary>
    private sealed class EpochSamples(IEnumerable<LoadedSample> samples, SkipCounts counts)
    {
        /// <summary>What had been left out when the last sample came, or in all where there is none left.</summary>
        public SkipCounts Skipped { get; private set; } = new(counts);

        /// <summary>There is none left.</summary>
        public bool Ended { get; private set; }

        public IEnumerable<LoadedSample> Read()
        {
            foreach (var sample in samples)
            {
                Skipped = new SkipCounts(counts);
                yield return sample;
            }
            (Skipped, Ended) = (new SkipCounts(counts), true);
        }
    }
}
