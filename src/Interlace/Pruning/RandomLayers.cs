namespace Interlace.Pruning;

/// <summary>
/// Random layer selection (paper 4.5): K layers drawn by chance are dropped, K of the others are tuned. One seed says little: report several.
/// </summary>
public static class RandomLayers
{
    /// <summary>
    /// Draws with <see cref="Shuffle"/>, one after the other from the same stream: first the droppable layers, then all that were not dropped.
    /// </summary>
    /// <exception cref="PlanException">The model is too short to drop and tune as many layers.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        int[] droppable = [.. evidence.Droppable];
        int largest = Math.Min(droppable.Length, evidence.LayerCount / 2);
        if (dropCount > largest) throw PlanException.TooMany(evidence, dropCount, largest, "as many others are tuned, and protected layers stay");

        ulong state = (ulong)evidence.Seed;
        Shuffle(droppable, ref state);
        int[] drop = droppable[..dropCount];
        int[] rest = [.. Enumerable.Range(0, evidence.LayerCount).Except(drop)];
        Shuffle(rest, ref state);
        return PruningPlan.Create(evidence.LayerCount, drop, rest[..dropCount]);
    }

    /// <summary>
    /// Fisher-Yates from the last element down, element i swapped with element floor(r (i + 1) / 2^64), r from SplitMix64 (Steele, Lea, Flood 2014).
    /// Spelled out here because the sequence of <see cref="Random"/> is not promised across versions, and a plan must be reproducible for ever.
    /// </summary>
    internal static void Shuffle(Span<int> items, ref ulong state)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)Math.BigMul(SplitMix64(ref state), (ulong)(i + 1), out _);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    internal static ulong SplitMix64(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
