namespace Interlace.Pruning.Bridging;

/// <summary>Neighbouring dropped layers and the layers that stay on both sides. Original 0-based indices.</summary>
/// <param name="Before">The last layer that stays before them; -1 where there is none.</param>
/// <param name="After">The first one that stays behind them; the number of layers where there is none.</param>
internal readonly record struct DroppedRun(int Before, int After)
{
    /// <summary>The dropped layers.</summary>
    public int[] Layers => [.. Enumerable.Range(Before + 1, After - Before - 1)];

    /// <summary>The runs of a plan, in the order of the layers.</summary>
    public static IReadOnlyList<DroppedRun> Of(PruningPlan plan)
    {
        int[] borders = [-1, .. plan.Kept, plan.LayerCount];
        return [.. borders.Zip(borders.Skip(1), (before, after) => new DroppedRun(before, after)).Where(run => run.After > run.Before + 1)];
    }
}
