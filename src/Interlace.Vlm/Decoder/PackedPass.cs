using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>A pass over whole sequences, packed end to end: each token sees itself and what stands before it in its own sequence.</summary>
/// <param name="lengths">Tokens of each sequence.</param>
/// <param name="device">Where it runs.</param>
/// <param name="cache">Where keys and values are kept for the steps that follow, or null.</param>
internal sealed class PackedPass(IReadOnlyList<int> lengths, Device device, CacheRows? cache) : Pass
{
    private readonly PackedAttention _attention = PackedAttention.Create(lengths, causal: true, device);

    public override Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        cache?.Cache.Store(layer, cache.Rows, k, v);
        return _attention.Forward(q, k, v, AttentionScale);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _attention.Dispose();
    }
}
