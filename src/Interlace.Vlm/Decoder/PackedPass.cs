using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// A pass over whole sequences, packed end to end: each token sees itself and what stands before it in its own sequence, or a window of it.
/// </summary>
/// <param name="full">What tokens see in most layers; freed with the pass.</param>
/// <param name="sliding">What they see in layers with a window, or null; freed with the pass.</param>
/// <param name="cache">Where keys and values are kept for the steps that follow, or null.</param>
internal sealed class PackedPass(PackedAttention full, PackedAttention? sliding, CacheRows? cache) : Pass
{
    public override Tensor Attend(int layer, AttentionKind kind, Tensor q, Tensor k, Tensor v)
    {
        cache?.Cache.Store(layer, cache.Rows, k, v);
        return (kind == AttentionKind.Sliding ? sliding! : full).Forward(q, k, v, AttentionScale);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        full.Dispose();
        sliding?.Dispose();
    }
}
