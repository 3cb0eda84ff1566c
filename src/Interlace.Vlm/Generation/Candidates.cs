using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Generation;

/// <summary>
/// The few tokens among which the chosen one must be, found on the device: instead of all logits of a vocabulary some dozens of numbers
/// come to the CPU, where <see cref="Sampling"/> chooses among them what it would choose among all.
/// </summary>
internal static class Candidates
{
    private const long Ids = 1L << 31;   // a key is (place of the logit in the order of all numbers) * Ids + Ids - 1 - id

    /// <summary>
    /// How many of the likeliest tokens of a row can be chosen where the logits of so many are changed beforehand; null where any can.
    /// </summary>
    public static int? Count(GenerationOptions options, int changed)
    {
        if (options is { Temperature: not 0, TopK: 0 }) return null;
        return changed + (options.Temperature == 0 ? 1 : options.TopK);   // a changed one may fall behind as many as there are others
    }

    /// <summary>
    /// The likeliest <paramref name="count"/> tokens of each row, ties by lower id, and those that are named.
    /// </summary>
    /// <param name="logits">[B, V].</param>
    /// <param name="count">At most V.</param>
    /// <param name="named">For each row ids that are wanted whatever their logits; rows may have different numbers of them.</param>
    /// <returns>Ids of each row, ascending and each once, with their logits; and whether the row's largest logit is a number.</returns>
    public static (int[] Ids, float[] Logits, bool IsFinite)[] Of(Tensor logits, int count, int[][] named)
    {
        using var scope = NewDisposeScope();
        Tensor keys = Keys(logits), finite = logits.amax([-1], keepdim: true).isfinite().to(ScalarType.Int64);
        var parts = new List<Tensor> { finite, keys.topk(count).values };
        int most = named.Max(ids => ids.Length);
        if (most > 0)
        {
            long[] wanted = [.. named.SelectMany(ids => Enumerable.Range(0, most).Select(i => i < ids.Length ? (long)ids[i] : 0))];
            parts.Add(keys.gather(1, Upload.Of(wanted, logits.device).view(named.Length, most)));
        }
        long[] all = cat(parts, 1).cpu().data<long>().ToArray();
        int width = all.Length / named.Length;
        return [.. Enumerable.Range(0, named.Length).Select(row => Read(all.AsSpan(row * width, width)))];
    }

    /// <summary>Integers in the order of the logits, and of equal ones in that of falling ids. [B, V] -> [B, V] int64.</summary>
    private static Tensor Keys(Tensor logits)
    {
        // Bits of a positive number are in the order of the numbers; those of a negative one in the opposite order. -0 becomes 0.
        Tensor bits = Aten.Reinterpret(logits.to(ScalarType.Float32).Plus(0.0), ScalarType.Int32);
        Tensor turned = bits.bitwise_xor(tensor(int.MaxValue, ScalarType.Int32));   // one number may stay on the CPU
        Tensor places = where(bits.signbit(), turned, bits).to(ScalarType.Int64);
        return places.Times(Ids).Plus(Arithmetic.Range(logits.shape[1], logits.device).neg().Plus(Ids - 1));
    }

    private static (int[] Ids, float[] Logits, bool IsFinite) Read(ReadOnlySpan<long> row)
    {
        var found = new SortedDictionary<int, float>();
        foreach (long key in row[1..])
        {
            int place = (int)(key >> 31);
            found[(int)(Ids - 1 - (key & (Ids - 1)))] = BitConverter.Int32BitsToSingle(place < 0 ? place ^ int.MaxValue : place);
        }
        return ([.. found.Keys], [.. found.Values], row[0] != 0);
    }
}
