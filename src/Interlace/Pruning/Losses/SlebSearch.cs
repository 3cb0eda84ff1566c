using Interlace.Jobs;

namespace Interlace.Pruning.Losses;

/// <summary>
/// SLEB's search (Song et al. 2024): round by round the layer without which the loss is lowest is taken out, the first of equals;
/// the first and the last layer that are left and the protected ones stay.
/// </summary>
public static class SlebSearch
{
    /// <summary>Layers that may go in the next round, ascending.</summary>
    /// <param name="layerCount">Number of layers of the whole model.</param>
    /// <param name="protectedLayers">Layers 0 to this number - 1 stay.</param>
    /// <param name="removed">The layers that are gone.</param>
    public static IReadOnlyList<int> Candidates(int layerCount, int protectedLayers, IEnumerable<int> removed) =>
        [.. Enumerable.Range(0, layerCount).Except(removed).Order().Skip(1).SkipLast(1).Where(layer => layer >= protectedLayers)];

    /// <summary>Most layers that can go.</summary>
    public static int Largest(int layerCount, int protectedLayers) => Math.Max(0, layerCount - 1 - Math.Max(1, protectedLayers));

    /// <summary>Runs or resumes.</summary>
    /// <param name="losses">Losses of the model.</param>
    /// <param name="layerCount">Its layers.</param>
    /// <param name="protectedLayers">Layers 0 to this number - 1 stay.</param>
    /// <param name="count">Rounds in all; at most <see cref="Largest"/>.</param>
    /// <param name="before">Rounds of an earlier run with the same model and samples.</param>
    /// <param name="save">Given all rounds so far after each.</param>
    /// <param name="progress">Reports after each pass.</param>
    /// <param name="cancellation">Ends after a pass; what was saved stays.</param>
    /// <returns>All rounds.</returns>
    public static IReadOnlyList<RemovalRound> Run(LayerLosses losses, int layerCount, int protectedLayers, int count,
        IReadOnlyList<RemovalRound> before,
        Action<IReadOnlyList<RemovalRound>>? save = null, IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var rounds = before.ToList();
        long[] passes = [.. Enumerable.Range(0, count)
            .Select(round => (long)losses.BatchCount * (Largest(layerCount, protectedLayers) - round))];
        while (rounds.Count < count)
        {
            int[] removed = [.. rounds.Select(round => round.Removed)];
            var candidates = Candidates(layerCount, protectedLayers, removed);
            long behind = passes.Take(rounds.Count).Sum();
            string note = $"round {rounds.Count + 1} of {count}";
            var (best, means) = losses.Lowest([.. Enumerable.Range(0, layerCount).Except(removed)], candidates,
                passed => progress?.Report(new("evidence sleb", behind + passed, passes.Sum(), "passes", note)), cancellation);
            rounds.Add(new(best, [.. candidates], means));
            save?.Invoke(rounds);
        }
        return rounds;
    }
}
