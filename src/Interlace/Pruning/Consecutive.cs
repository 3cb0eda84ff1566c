namespace Interlace.Pruning;

/// <summary>
/// Consecutive dropping and tuning (paper 4.5): the window of K layers with the largest sum of similarities is dropped,
/// the K layers after it are tuned;
/// where fewer follow, the layers before it make up the number, nearest first.
/// </summary>
public static class Consecutive
{
    /// <summary>Equal sums: the lower window.</summary>
    /// <exception cref="PlanException">Similarities are missing, or the model is too short to drop and tune as many layers.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        var similarity = evidence.RequireLayerSimilarity();
        int largest = Math.Min(evidence.Droppable.Count(), evidence.LayerCount / 2);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "as many others are tuned, and protected layers stay");
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);

        int start = Enumerable.Range(evidence.ProtectedLayers, evidence.LayerCount - evidence.ProtectedLayers - dropCount + 1)
            .MaxBy(Sum), end = start + dropCount;
        int[] drop = [.. Enumerable.Range(start, dropCount)];
        int[] tune = [.. Enumerable.Range(end, evidence.LayerCount - end).Concat(Enumerable.Range(0, start).Reverse()).Take(dropCount)
            .Order()];
        var choice = new PlanChoice(drop, drop, tune, Sum(start), $"Layers {start} to {end - 1} have the largest sum of similarities.");
        return PruningPlan.Create(evidence.LayerCount, drop, tune, new() { Choices = [choice] });

        double Sum(int start) => Enumerable.Range(start, dropCount).Sum(layer => similarity[layer]);
    }
}
