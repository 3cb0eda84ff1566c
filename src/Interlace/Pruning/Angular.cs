namespace Interlace.Pruning;

/// <summary>
/// The unreasonable ineffectiveness of the deeper layers (Gromov et al. 2024):
/// the window of K layers with the smallest angle arccos(cos) / pi between the last token's states before
/// and behind it is dropped; nothing is tuned.
/// </summary>
public static class Angular
{
    /// <summary>Equal angles: the lower window.</summary>
    /// <exception cref="PlanException">Windows of K layers were not measured, or more layers are to go than may.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        int largest = Math.Min(evidence.Droppable.Count(), evidence.LayerCount - 1);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "at least one layer and all protected ones stay");
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);

        var angles = evidence.RequireWindows(evidence.WindowAngle, dropCount);
        int start = evidence.DroppableRuns(dropCount).MinBy(i => angles[i]);
        int[] drop = [.. Enumerable.Range(start, dropCount)];
        var choice = new PlanChoice(drop, drop, [], angles[start], $"Layers {start} to {start + dropCount - 1} turn the last token least.");
        return PruningPlan.Create(evidence.LayerCount, drop, [], new() { Choices = [choice] });
    }
}
