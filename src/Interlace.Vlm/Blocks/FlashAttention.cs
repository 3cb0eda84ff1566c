using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Interlace.Vlm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>
/// Attention over sequences of any lengths that lie end to end, by one call of the engine's variable-length kernel (flash attention 2):
/// nothing is gathered, padded or masked. The kernel runs on GPUs in bf16 and fp16 alone; gradients flow through it.
/// </summary>
internal sealed class FlashAttention : IDisposable
{
    private const int MostHeadSize = 256;

    private static readonly ConcurrentDictionary<(int Device, ScalarType Type, long HeadSize), bool> Tried = new();

    private readonly Tensor _queryStarts, _keyStarts;   // [B + 1] int32: where the sequences begin, and the end
    private readonly Tensor? _seen;                     // [B] int32: keys of each sequence, where they do not fill it
    private readonly int _longestQuery, _longestKey;
    private readonly bool _causal;

    private FlashAttention(Tensor queryStarts, Tensor keyStarts, Tensor? seen, int longestQuery, int longestKey, bool causal) =>
        (_queryStarts, _keyStarts, _seen, _longestQuery, _longestKey, _causal) =
            (queryStarts, keyStarts, seen, longestQuery, longestKey, causal);

    /// <summary>Whether the kernel is there for heads of this size: tried once, on a few numbers whose results are known.</summary>
    public static bool Serves(Device device, ScalarType type, long headSize) =>
        device.type == DeviceType.CUDA && type is ScalarType.BFloat16 or ScalarType.Float16 && headSize % 8 == 0 && headSize <= MostHeadSize
            && Tried.GetOrAdd((device.index, type, headSize), _ => Works(device, type, headSize));

    /// <summary>Whole sequences of these lengths, packed end to end.</summary>
    /// <param name="lengths">Tokens of each.</param>
    /// <param name="causal">A token sees only itself and earlier ones.</param>
    /// <param name="device">Where they lie.</param>
    public static FlashAttention OfSequences(IReadOnlyList<int> lengths, bool causal, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor starts = Starts(lengths, device);
        return new(starts, starts, null, Longest(lengths), Longest(lengths), causal);
    }

    /// <summary>One query for each slot of a cache.</summary>
    /// <param name="seen">[B] int64: keys of each slot that its query sees, its own included.</param>
    /// <param name="longest">The largest of these.</param>
    /// <param name="capacity">Keys that a slot has room for.</param>
    public static FlashAttention OfSlots(Tensor seen, int longest, int capacity)
    {
        using var scope = NewDisposeScope();
        Tensor Kept(Tensor numbers) => numbers.to(ScalarType.Int32).DetachFromDisposeScope();
        Tensor places = Arithmetic.Range(seen.shape[0] + 1, seen.device);
        return new(Kept(places), Kept(places.Times(capacity)), Kept(seen), 1, longest, causal: false);
    }

    /// <summary>q [N, H, d], k and v [M, G, d] -> [N, H * d].</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="scale">What the scores are multiplied by; 1 / sqrt(d) where absent.</param>
    /// <param name="window">The last keys up to its own that a query sees; all where absent.</param>
    public Tensor Forward(Tensor q, Tensor k, Tensor v, double? scale = null, int? window = null) =>
        Aten.FlashAttention(q, k, v, _queryStarts, _keyStarts, _longestQuery, _longestKey, _causal, scale, window - 1, _seen)
            .reshape(q.shape[0], -1);

    public void Dispose()
    {
        _queryStarts.Dispose();
        _keyStarts.Dispose();
        _seen?.Dispose();
    }

    private static Tensor Starts(IReadOnlyList<int> lengths, Device device)
    {
        long[] starts = new long[lengths.Count + 1];
        for (int i = 0; i < lengths.Count; i++) starts[i + 1] = starts[i] + lengths[i];
        return Upload.Of(starts, device).to(ScalarType.Int32).DetachFromDisposeScope();
    }

    private static int Longest(IReadOnlyList<int> lengths) => lengths.DefaultIfEmpty(0).Max();

    /// <summary>
    /// Against the engine's attention of one sequence at a time. Older GPUs lack the kernel: the engine's own choice tells, before it is
    /// asked for something that it would refuse in many words.
    /// </summary>
    internal static bool Works(Device device, ScalarType type, long headSize)
    {
        int[] lengths = [13, 6, 7];
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor Some(int heads, double pace) => Arithmetic.Range(lengths.Sum() * heads * headSize, device).to(ScalarType.Float32)
            .Times(pace).sin().to(type).view(-1, heads, headSize);
        Tensor[] inputs = [Some(4, 0.7), Some(2, 1.1), Some(2, 1.3)];
        static Tensor Heads(Tensor x) => x.unsqueeze(0).transpose(1, 2);
        if (!Aten.PrefersFlash(Heads(inputs[0]), Heads(inputs[1]), Heads(inputs[2]))) return false;
        Tensor Alone(Tensor[] x, int start, int length)
        {
            Tensor Part(Tensor of) => Heads(of.narrow(0, start, length));
            return Aten.Attention(Part(x[0]), Part(x[1]), Part(x[2]), null, causal: true).transpose(1, 2).reshape(length, -1);
        }
        try
        {
            using var packed = OfSequences(lengths, causal: true, device);
            using var slots = OfSlots(Upload.Of([12L, 6], device), 12, 13);   // the second sequence fills half of the second slot
            Tensor[] actual = WithGradients(inputs, x => packed.Forward(x[0], x[1], x[2]));
            Tensor[] expected = WithGradients(inputs, x => cat([Alone(x, 0, 13), Alone(x, 13, 6), Alone(x, 19, 7)], 0));
            Tensor last = Upload.Of([11L, 18], device), step = slots.Forward(inputs[0].index_select(0, last), inputs[1], inputs[2]);
            return actual.Zip(expected).All(pair => Near(pair.First, pair.Second)) && Near(step, expected[0].index_select(0, last));
        }
        catch (Exception e) when (e is InvalidOperationException or ExternalException)
        {
            return false;   // the engine has said why
        }
    }

    /// <summary>What attention gives, and the gradients of its sum.</summary>
    private static Tensor[] WithGradients(Tensor[] inputs, Func<Tensor[], Tensor> attention)
    {
        Tensor[] own = [.. inputs.Select(input => input.clone().requires_grad_())];
        Tensor result = attention(own);
        result.sum().backward();
        return [result.detach(), .. own.Select(input => input.grad!)];
    }

    private static bool Near(Tensor actual, Tensor expected)
    {
        double largest = expected.abs().max().to(ScalarType.Float32).item<float>();
        return (actual - expected).abs().max().to(ScalarType.Float32).item<float>() < 0.03 * (1 + largest);
    }
}
