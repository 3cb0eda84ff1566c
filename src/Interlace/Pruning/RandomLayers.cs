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
    /// (that of <see cref="Random"/> is not promised across versions). Under <see cref="Chance.Python"/> it draws twice
    /// as the authors' code does.
    /// </summary>
    /// <exception cref="PlanException">The model is too short to drop and tune as many layers.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        int[] droppable = [.. evidence.Droppable];
        int largest = Math.Min(droppable.Length, evidence.LayerCount / 2);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, "as many others are tuned, and protected layers stay");

        if (options.Rules.Random == Chance.Python) return AsPythonDraws(evidence, dropCount);
        var random = new SplitMix64((ulong)evidence.Seed);
        random.Shuffle<int>(droppable);
        int[] drop = droppable[..dropCount];
        int[] rest = [.. Enumerable.Range(0, evidence.LayerCount).Except(drop)];
        random.Shuffle<int>(rest);
        return PruningPlan.Create(evidence.LayerCount, drop, rest[..dropCount]);
    }

    /// <summary><c>sample(layers, K)</c>, then <c>sample</c> of the others in their order.</summary>
    private static PruningPlan AsPythonDraws(Evidence evidence, int dropCount)
    {
        int[] droppable = [.. evidence.Droppable];
        var random = new PythonRandom(evidence.Seed);
        int[] drop = [.. random.Sample(droppable.Length, dropCount).Select(place => droppable[place])];
        int[] rest = [.. Enumerable.Range(0, evidence.LayerCount).Except(drop)];
        int[] tune = [.. random.Sample(rest.Length, dropCount).Select(place => rest[place])];
        PlanChoice choice = new(drop, drop, tune, null, "Drawn by chance, in this order.");
        return PruningPlan.Create(evidence.LayerCount, drop, tune, new() { Choices = [choice] });
    }
}
