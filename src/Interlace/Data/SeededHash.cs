using System.Text;

namespace Interlace.Data;

/// <summary>
/// Chance that is the same on every machine, platform and version: FNV-1a (64 bit) over names, mixed with numbers by the
/// finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
/// </summary>
public static class SeededHash
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>The rank of a row in its set: <c>mix(key(set, shard, seed) + row * golden)</c>.</summary>
    public static ulong Row(ulong shardKey, long row) => Mix(unchecked(shardKey + (ulong)row * Golden));

    /// <summary>The part of a row's hash that all rows of a shard share: <c>mix(FNV(set NUL shard) xor mix(seed + golden))</c>, names in UTF-8.</summary>
    public static ulong ShardKey(string set, string shard, long seed) => Mix(Fnv(set + "\0" + shard) ^ Mix(unchecked((ulong)seed + Golden)));

    /// <summary>A seeded permutation of 0..count-1: the order of the samples within an epoch (Fisher-Yates over SplitMix64).</summary>
    public static int[] Permutation(int count, long seed, int epoch = 0)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        ulong state = ShardKey("epoch", epoch.ToString(), seed);
        for (int i = count - 1; i > 0; i--)
        {
            state = unchecked(state + Golden);
            int j = (int)Math.BigMul(Mix(state), (ulong)i + 1, out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    internal static ulong Fnv(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(text)) hash = unchecked((hash ^ b) * 0x100000001B3);
        return hash;
    }

    internal static ulong Mix(ulong z)
    {
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}
