using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>
/// Random layer selection (paper 4.5): K layers drawn by chance are dropped, K of the others are tuned. One seed says little:
/// report several.
/// </summary>
public static class RandomLayers
{
    /// <summary>
    /// Shuffles the droppable layers and drops the first K, then shuffles all others and tunes the first K,
    /// with one generator whose sequence never changes
    /// (that of <see cref="Random"/> is not promised across versions).
    /// </summary>
    /// <exception cref="PlanException">The model is too short to drop and tune as many layers.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        int[] droppable = [.. evidence.Droppable];
        int largest = Math.Min(droppable.Length, evidence.LayerCount / 2);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "as many others are tuned, and protected layers stay");

        var random = new SplitMix64((ulong)evidence.Seed);
        random.Shuffle<int>(droppable);
        int[] drop = droppable[..dropCount];
        int[] rest = [.. Enumerable.Range(0, evidence.LayerCount).Except(drop)];
        random.Shuffle<int>(rest);
        return PruningPlan.Create(evidence.LayerCount, drop, rest[..dropCount]);
    }
}
