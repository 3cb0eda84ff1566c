using System.Text;
using Interlace.Vlm;

namespace Interlace.Data;

/// <summary>
/// Chance that is the same on every machine, platform and version: FNV-1a (64 bit) over names, mixed with numbers by the
/// finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
/// </summary>
public static class SeededHash
{
    private const ulong Golden = 0x9E3779B97F4A7C15;   // a step of SplitMix64

    /// <summary>The rank of a row in its set: <c>mix(key(set, shard, seed) + row * golden)</c>.</summary>
    public static ulong Row(ulong shardKey, long row) => Mix(unchecked(shardKey + (ulong)row * Golden));

    /// <summary>The part of a row's hash that all rows of a shard share:
    /// <c>mix(FNV(set NUL shard) xor mix(seed + golden))</c>, names in UTF-8.</summary>
    public static ulong ShardKey(string set, string shard, long seed) =>
        Mix(Fnv(set + "\0" + shard) ^ Mix(unchecked((ulong)seed + Golden)));

    /// <summary>A seeded permutation of 0..count-1: the order of the samples within an epoch (Fisher-Yates over SplitMix64).</summary>
    public static int[] Permutation(int count, long seed, int epoch = 0)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        SplitMix64 chance = new(ShardKey("epoch", epoch.ToString(), seed));
        for (int i = count - 1; i > 0; i--)
        {
            int j = Scaled(chance.Next(), i + 1);
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

    /// <summary>The finaliser of SplitMix64: what the generator gives in the state <paramref name="z"/>,
    /// to which it comes by one step.</summary>
    internal static ulong Mix(ulong z) => new SplitMix64(unchecked(z - Golden)).Next();

    /// <summary>64 random bits as a number from 0 to <paramref name="count"/> - 1: the upper half of their product.</summary>
    internal static int Scaled(ulong bits, int count) => (int)Math.BigMul(bits, (ulong)count, out _);
}
