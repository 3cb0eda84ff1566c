using Interlace.Pruning;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Bench;

/// <summary>A plan that drops every fourth layer of a model and tunes the one behind it.</summary>
internal static class QuarterPlan
{
    /// <summary>Writes it.</summary>
    /// <returns>Layers of the model, and how many of them go.</returns>
    public static (int Layers, int Dropped) Write(string model, string path)
    {
        using var checkpoint = Checkpoint.Open(model);
        var summary = ModelSummary.Of(checkpoint);
        int[] drop = [.. Enumerable.Range(0, summary.LayerCount).Where(layer => layer % 4 == 1 && layer >= summary.AddedLevels)];
        int[] tune = [.. drop.Select(layer => layer + 1).Where(layer => layer < summary.LayerCount)];
        PlanFile.Save(PruningPlan.Create(summary.LayerCount, drop, tune), path);
        return (summary.LayerCount, drop.Length);
    }
}
