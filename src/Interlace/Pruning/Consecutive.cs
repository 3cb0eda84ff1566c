namespace Interlace.Pruning;

/// <summary>
/// Consecutive dropping and tuning (paper 4.5): the window of K layers with the largest sum of similarities is dropped,
/// the K layers after it are tuned;
/// where fewer follow, the layers before it make up the number, nearest first.
/// The authors' code begins the window at the most similar layer instead, and stops where fewer follow (<see cref="SelectionRules"/>).
/// </summary>
public static class Consecutive
{
    /// <summary>Equal sums: the lower window.</summary>
    /// <exception cref="PlanException">Similarities are missing, or the model is too short to drop and tune as many layers.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        if (options.Rules.Consecutive == ConsecutiveRun.FromMostSimilar) return FromMostSimilar(evidence, dropCount, options.Rules);
        var similarity = evidence.RequireLayerSimilarity();
        int largest = Math.Min(evidence.Droppable.Count(), evidence.LayerCount / 2);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "as many others are tuned, and protected layers stay");
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);

        int start = evidence.DroppableRuns(dropCount).MaxBy(Sum), end = start + dropCount;
        int[] drop = [.. Enumerable.Range(start, dropCount)];
        int[] tune = [.. Enumerable.Range(end, evidence.LayerCount - end).Concat(Enumerable.Range(0, start).Reverse()).Take(dropCount)
            .Order()];
        var choice = new PlanChoice(drop, drop, tune, Sum(start), $"Layers {start} to {end - 1} have the largest sum of similarities.");
        return PruningPlan.Create(evidence.LayerCount, drop, tune, new() { Choices = [choice] });

        double Sum(int start) => Enumerable.Range(start, dropCount).Sum(layer => similarity[layer]);
    }

    private static PruningPlan FromMostSimilar(Evidence evidence, int dropCount, SelectionRules rules)
    {
        var similarity = evidence.RequireLayerSimilarity(rules.LastSpan);
        int[] candidates = [.. evidence.Droppable.Where(layer => layer < similarity.Count)
            .Where(start => Enumerable.Range(start, dropCount).All(layer => layer >= evidence.LayerCount || evidence.IsDroppable(layer)))];
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);
        if (candidates.Length == 0) throw new PlanException("No run of layers may be dropped: all are protected.");
        int start = candidates.MaxBy(layer => similarity[layer]), end = start + dropCount;
        if (end + dropCount > evidence.LayerCount)
        {
            throw new PlanException($"The {dropCount} layers from the most similar one, {start}, on and as many behind them go beyond "
                + $"the last of {evidence.LayerCount}: drop fewer, or set plan.consecutive=largest_sum.");
        }
        int[] drop = [.. Enumerable.Range(start, dropCount)], tune = [.. Enumerable.Range(end, dropCount)];
        var choice = new PlanChoice(drop, drop, tune, similarity[start], $"Layer {start} is the most similar one.");
        return PruningPlan.Create(evidence.LayerCount, drop, tune, new() { Choices = [choice] });
    }
}
