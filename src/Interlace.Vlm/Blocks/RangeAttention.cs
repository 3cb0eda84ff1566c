using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>
/// Attention of sequences of one length in which every query sees one range of keys. Queries are taken in blocks, so that the matrix of
/// what is seen never has more than a bounded size, and keys that no query of a block sees are left out.
/// </summary>
internal sealed class RangeAttention : IDisposable
{
    private const long LargestMask = 1 << 26;   // bytes
    private const long LargestBlock = 2048;     // queries: in a narrow window fewer keys are looked at in vain

    private readonly int _count, _length;
    private readonly int[] _first, _last;           // [count * length]
    private readonly Tensor _firstKeys, _lastKeys;  // [count, length, 1]

    /// <param name="count">Sequences.</param>
    /// <param name="length">Tokens of each of them.</param>
    /// <param name="first">[count * length] the first key, counted in its own sequence, that each query sees.</param>
    /// <param name="last">[count * length] the last one, not before the first.</param>
    /// <param name="device">Where the tensors live.</param>
    public RangeAttention(int count, int length, int[] first, int[] last, Device device)
    {
        (_count, _length, _first, _last) = (count, length, first, last);
        Tensor Keys(int[] keys) =>
            Upload.Of(Array.ConvertAll(keys, key => (long)key), device).reshape(count, length, 1).DetachFromDisposeScope();
        (_firstKeys, _lastKeys) = (Keys(first), Keys(last));
    }

    /// <summary>q [B, H, T, d], k and v [B, G, T, d] -> [B, H, T, d].</summary>
    public Tensor Forward(Tensor q, Tensor k, Tensor v, double? scale)
    {
        int rows = (int)Math.Clamp(LargestMask / ((long)_count * _length), 1, LargestBlock);
        var blocks = new List<Tensor>();
        for (int at = 0; at < _length; at += rows) blocks.Add(Block(at, Math.Min(rows, _length - at), q, k, v, scale));
        return blocks.Count == 1 ? blocks[0] : cat(blocks, 2);
    }

    public void Dispose()
    {
        _firstKeys.Dispose();
        _lastKeys.Dispose();
    }

    private Tensor Block(int at, int rows, Tensor q, Tensor k, Tensor v, double? scale)
    {
        int low = int.MaxValue, high = 0;
        for (int sequence = 0; sequence < _count; sequence++)
            for (int i = sequence * _length + at; i < sequence * _length + at + rows; i++)
                (low, high) = (Math.Min(low, _first[i]), Math.Max(high, _last[i]));
        int keys = high - low + 1;
        Tensor key = Arithmetic.Range(keys, q.device).Plus(low);
        Tensor seen = key.ge(_firstKeys.narrow(1, at, rows)).logical_and(key.le(_lastKeys.narrow(1, at, rows)));   // [B, rows, keys]
        Tensor Near(Tensor x) => x.narrow(2, low, keys);
        return Aten.Attention(q.narrow(2, at, rows), Near(k), Near(v), seen.unsqueeze(1), causal: false, scale);
    }
}
