using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>A step of B conversations by one token each, where a GPU's kernel looks at the keys of each conversation alone.</summary>
/// <param name="cache">Keys and values so far, and the rows of the new ones.</param>
/// <param name="seen">The keys that each conversation has, the new one included; freed with the pass.</param>
/// <param name="window">The last keys that layers with a window see, or null.</param>
internal sealed class FlashStepPass(CacheRows cache, FlashAttention seen, int? window) : Pass
{
    public override Tensor Attend(int layer, AttentionKind kind, Tensor q, Tensor k, Tensor v)
    {
        cache.Cache.Store(layer, cache.Rows, k, v);
        return cache.Cache.Attend(layer, q, seen, AttentionScale, kind == AttentionKind.Sliding ? window : null);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        seen.Dispose();
    }
}
