using System.Collections.Concurrent;
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
    private static bool Works(Device device, ScalarType type, long headSize)
    {
        using var scope = NewDisposeScope();
        Tensor Some(int rows, int heads, double pace) => Arithmetic.Range(rows * heads * headSize, device).to(ScalarType.Float32)
            .Times(pace).sin().to(type).view(rows, heads, headSize);
        Tensor q = Some(19, 4, 0.7), k = Some(19, 2, 1.1), v = Some(19, 2, 1.3);
        static Tensor Heads(Tensor x) => x.unsqueeze(0).transpose(1, 2);
        if (!Aten.PrefersFlash(Heads(q), Heads(k), Heads(v))) return false;
        Tensor Alone(int start, int length)
        {
            Tensor Part(Tensor x) => Heads(x.narrow(0, start, length));
            return Aten.Attention(Part(q), Part(k), Part(v), null, causal: true).transpose(1, 2).reshape(length, -1);
        }
        try
        {
            using var packed = OfSequences([13, 6], causal: true, device);
            using var slots = OfSlots(Upload.Of([12L, 6], device), 12, 13);   // in the second slot as many as there are
            Tensor expected = cat([Alone(0, 13), Alone(13, 6)], 0), last = Upload.Of([11L, 18], device);
            Tensor step = slots.Forward(q.index_select(0, last), k, v);
            return Near(packed.Forward(q, k, v), expected) && Near(step, expected.index_select(0, last));
        }
        catch (InvalidOperationException)
        {
            return false;   // the engine has said why
        }
    }

    private static bool Near(Tensor actual, Tensor expected) =>
        (actual - expected).abs().to(ScalarType.Float32).max().item<float>() < 0.03;
}
