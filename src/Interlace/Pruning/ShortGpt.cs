namespace Interlace.Pruning;

/// <summary>
/// ShortGPT (Men et al. 2024): the K layers with the lowest block influence BI = 1 - S_layer are dropped in one shot; nothing is tuned.
/// </summary>
public static class ShortGpt
{
    /// <summary>Equal influences: the lower layer first.</summary>
    /// <exception cref="PlanException">Similarities are missing, or more layers are to go than may.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        var similarity = evidence.RequireLayerSimilarity();
        int largest = Math.Min(evidence.Droppable.Count(), evidence.LayerCount - 1);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "at least one layer and all protected ones stay");

        PlanChoice[] choices =
        [
            .. evidence.Droppable.OrderByDescending(layer => similarity[layer]).Take(dropCount)
                .Select(layer => new PlanChoice([layer], [layer], [], 1 - similarity[layer],
                    $"Drop layer {layer} by its low block influence."))
        ];
        return PruningPlan.Create(evidence.LayerCount, choices.SelectMany(choice => choice.Drop), [], new() { Choices = choices });
    }
}
