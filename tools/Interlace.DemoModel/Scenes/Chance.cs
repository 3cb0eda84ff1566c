using Interlace.Data;
using Interlace.Vlm;

namespace Interlace.DemoModel.Scenes;

/// <summary>Chance of one scene: the same on every machine, and of every other scene independent.</summary>
public sealed class Chance(ulong seed)
{
    private SplitMix64 _bits = new(seed);

    /// <summary>The chance of the scene with this number in a named sequence.</summary>
    public static Chance Of(string sequence, long seed, long index) => new(SeededHash.Row(SeededHash.ShardKey("demo-model", sequence, seed), index));

    /// <summary>A number in 0..bound-1.</summary>
    public int Below(int bound) => _bits.Next(bound);

    /// <summary>A number from one bound to the other, both possible; the lower one where they are crossed.</summary>
    public int Between(int low, int high) => high <= low ? low : low + Below(high - low + 1);

    /// <summary>True with this probability.</summary>
    public bool Happens(double probability) => Real() < probability;

    /// <summary>A number in [0, 1).</summary>
    public double Real() => _bits.NextDouble();

    /// <summary>One of them.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>Some of them, none twice, in random order.</summary>
    public T[] Sample<T>(IEnumerable<T> items, int count) => Shuffled(items)[..count];

    /// <summary>All of them in random order.</summary>
    public T[] Shuffled<T>(IEnumerable<T> items)
    {
        T[] all = [.. items];
        _bits.Shuffle(all.AsSpan());
        return all;
    }

    /// <summary>A number of the standard normal distribution (Box and Muller).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Real())) * Math.Cos(2 * Math.PI * Real());
}
