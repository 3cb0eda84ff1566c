namespace Interlace.Pruning;

/// <summary>
/// Interlace-Train-Next (paper 4.5): layers by falling similarity;
/// each is dropped if it and its successor are still unassigned, and the successor is tuned, so that
/// as many layers are tuned as dropped. The guard of <see cref="DisjointWindows"/> makes it exactly K;
/// <see cref="SelectionRules"/> replaces it as the authors' code does.
/// </summary>
public static class TrainNext
{
    private const int Width = 2;

    /// <summary>Equal similarities: the lower layer first.</summary>
    /// <exception cref="PlanException">Similarities are missing, or fewer disjoint pairs exist than layers to drop.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        var similarity = evidence.RequireLayerSimilarity(options.Rules.LastSpan);
        int[] ranking = [.. evidence.Droppable.Where(layer => layer < evidence.LayerCount - 1)
            .OrderByDescending(layer => similarity[layer])];
        int largest = DisjointWindows.Capacity(evidence.LayerCount, Width, ranking);
        if (dropCount > largest) throw PlanException.TooMany(evidence, dropCount, largest, "each needs a layer after it to tune");
        var picked = options.Rules.Shortage == Shortage.Guard
            ? DisjointWindows.Greedy(evidence.LayerCount, Width, dropCount, ranking)
            : DisjointWindows.Plain(evidence.LayerCount, Width, dropCount, ranking);
        if (picked.Count < dropCount)
        {
            throw new PlanException($"{dropCount} of {evidence.LayerCount} layers are to be dropped, but picking by falling similarity "
                + $"finds only {picked.Count} with a free layer behind them: drop fewer, or set plan.shortage=guard.");
        }
        PlanChoice[] choices =
        [
            .. picked.Select(layer => new PlanChoice([layer, layer + 1], [layer], [layer + 1], similarity[layer],
                    $"Drop layer {layer} by its similarity and tune the layer after it."))
        ];
        return PruningPlan.Create(evidence.LayerCount, choices.SelectMany(choice => choice.Drop), choices.SelectMany(choice => choice.Tune),
            new() { Choices = choices });
    }
}
