namespace Interlace.Pruning;

/// <summary>Dense fine-tuning (paper 4.3, Dense-FT): nothing is dropped, the last K layers are tuned.
/// The baseline that separates the effect of the data from that of pruning.</summary>
public static class Dense
{
    /// <param name="evidence">Only the number of layers is read.</param>
    /// <param name="tuneCount">How many layers to tune.</param>
    /// <param name="options">Not read.</param>
    public static PruningPlan Select(Evidence evidence, int tuneCount, MethodOptions options) =>
        PruningPlan.Create(evidence.LayerCount, [], Enumerable.Range(evidence.LayerCount - tuneCount, tuneCount));
}
