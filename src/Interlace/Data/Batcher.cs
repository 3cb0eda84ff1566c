namespace Interlace.Data;

/// <summary>Groups samples into optimiser steps and micro-batches.
/// Everything depends on the order and lengths of the samples alone.</summary>
public static class Batcher
{
    /// <summary>Steps in the order of the samples; a step is yielded before the sample after it is asked for.</summary>
    public static IEnumerable<OptimiserStep> Steps(IEnumerable<LoadedSample> samples, BatchOptions options)
    {
        List<LoadedSample> step = [];
        foreach (LoadedSample sample in samples)
        {
            step.Add(sample);
            if (step.Count < options.SamplesPerStep) continue;
            yield return Split(step, options);
            step = [];
        }
        if (step.Count > 0) yield return Split(step, options);
    }

    /// <summary>
    /// First fit: each sample goes to the first micro-batch that has room for it, else opens a new one;
    /// a sample above the budget stands alone.
    /// Returns the 0-based indices of each micro-batch, ascending in it, micro-batches in the order of their first sample.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<int>> ByTokens(IReadOnlyList<int> lengths, int budget)
    {
        List<List<int>> batches = [];
        List<long> totals = [];
        for (int i = 0; i < lengths.Count; i++)
        {
            int length = lengths[i];
            int place = totals.FindIndex(total => total + length <= budget);
            if (place < 0)
            {
                place = batches.Count;
                batches.Add([]);
                totals.Add(0);
            }
            batches[place].Add(i);
            totals[place] += length;
        }
        return batches;
    }

    /// <summary>The samples in their order, in batches that are filled up to a budget of tokens; a longer sample stands alone.</summary>
    public static IEnumerable<IReadOnlyList<LoadedSample>> InOrder(IEnumerable<LoadedSample> samples, int budget)
    {
        List<LoadedSample> batch = [];
        long tokens = 0;
        foreach (LoadedSample sample in samples)
        {
            if (batch.Count > 0 && tokens + sample.Encoded.Length > budget)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }
            batch.Add(sample);
            tokens += sample.Encoded.Length;
        }
        if (batch.Count > 0) yield return batch;
    }

    /// <summary>Indices 0..count-1 in runs of <paramref name="size"/>; the last one may be shorter.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> ByCount(int count, int size) => [.. Enumerable.Range(0, count).Chunk(size)];

    private static OptimiserStep Split(List<LoadedSample> step, BatchOptions options)
    {
        IReadOnlyList<IReadOnlyList<int>> indices = options.SamplesPerMicroBatch is { } size
            ? ByCount(step.Count, size) : ByTokens([.. step.Select(sample => sample.Encoded.Length)], options.TokenBudget);
        return new OptimiserStep([.. indices.Select(batch => (IReadOnlyList<LoadedSample>)[.. batch.Select(i => step[i])])],
            step[^1].Index + 1);
    }
}
