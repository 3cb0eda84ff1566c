namespace Interlace.Pruning;

/// <summary>
/// LLM-Streamline (Chen et al. 2024): the window of K + 1 layers that changes its input least, by the mean of 0.5 + 0.5 cos,
/// is replaced by its first layer, which alone is tuned
/// (by the language-modelling loss).
/// </summary>
public static class Streamline
{
    /// <summary>Equal similarities: the lower window.</summary>
    /// <exception cref="PlanException">Windows of K + 1 layers were not measured, or more layers are to go than may.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        int first = Math.Max(0, evidence.ProtectedLayers - 1), largest = Math.Max(0, evidence.LayerCount - first - 1);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "the window's first layer and all protected ones stay");
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);

        var similarity = evidence.RequireWindows(evidence.WindowSimilarity, dropCount + 1);
        // the layers behind the window's first one go
        int start = evidence.DroppableRuns(dropCount, first: 1).Select(run => run - 1).MaxBy(i => similarity[i]);
        int[] window = [.. Enumerable.Range(start, dropCount + 1)];
        var choice = new PlanChoice(window, window[1..], window[..1], 0.5 + 0.5 * similarity[start],
            $"Layers {start} to {start + dropCount} change their input least; layer {start} takes their place.");
        return PruningPlan.Create(evidence.LayerCount, choice.Drop, choice.Tune, new() { Choices = [choice] });
    }
}
