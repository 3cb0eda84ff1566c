namespace Interlace.Pruning;

/// <summary>
/// Shortened LLM (Kim et al. 2024): one number for each layer, measured once on the whole model;
/// the K lowest are dropped in one shot and nothing is tuned.
/// Its authors never drop the first four and the last two layers: <c>plan.protect_ends</c>, off by default.
/// </summary>
public static class ShortenedLlm
{
    private const int FirstKept = 4, LastKept = 2;

    /// <summary>By the loss without the layer. Equal ones: the lower layer first.</summary>
    /// <exception cref="PlanException">The losses are missing, or more layers are to go than may.</exception>
    public static PruningPlan SelectByPerplexity(Evidence evidence, int dropCount, MethodOptions options) =>
        Lowest(evidence, dropCount, options, evidence.LossWithout, EvidenceFiles.Perplexity, "without it the loss is among the lowest");

    /// <summary>By the sum of |weight x gradient| over the layer, gradients being summed over the data with their signs. Equal ones:
    /// the lower layer first.</summary>
    /// <exception cref="PlanException">The sums are missing, or more layers are to go than may.</exception>
    public static PruningPlan SelectByTaylor(Evidence evidence, int dropCount, MethodOptions options) =>
        Lowest(evidence, dropCount, options, evidence.GradientImportance, EvidenceFiles.Taylor,
            "its weights matter least to the loss, to first order");

    /// <summary>By the sum of |weight| over the layer. Equal ones: the lower layer first.</summary>
    /// <exception cref="PlanException">The sums are missing, or more layers are to go than may.</exception>
    public static PruningPlan SelectByMagnitude(Evidence evidence, int dropCount, MethodOptions options) =>
        Lowest(evidence, dropCount, options, evidence.WeightImportance, EvidenceFiles.MagnitudeBlock, "its weights are among the smallest");

    private static PruningPlan Lowest(Evidence evidence, int dropCount, MethodOptions options, IReadOnlyList<double>? scores, string name,
        string reason)
    {
        int[] droppable = [.. options.ProtectEnds
            ? evidence.Droppable.Where(layer => layer >= FirstKept && layer < evidence.LayerCount - LastKept) : evidence.Droppable];
        int largest = Math.Min(droppable.Length, evidence.LayerCount - 1);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, options.ProtectEnds
                ? $"the first {FirstKept}, the last {LastKept} and all protected layers stay"
                : "at least one layer and all protected ones stay");
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);

        var measured = evidence.RequireMeasured(scores, name);
        PlanChoice[] choices = [.. droppable.OrderBy(layer => measured[layer]).Take(dropCount)
            .Select(layer => new PlanChoice([layer], [layer], [], measured[layer], $"Drop layer {layer}: {reason}."))];
        return PruningPlan.Create(evidence.LayerCount, choices.SelectMany(choice => choice.Drop), [], new() { Choices = choices });
    }
}
