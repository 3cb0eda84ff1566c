using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>A step of B conversations by one token each: it sees what the cache holds of its conversation, or a window of it.</summary>
/// <param name="cache">Keys and values so far, and the rows of the new ones.</param>
/// <param name="full">[B, 1, 1, S] what is added to the scores of most layers; freed with the pass.</param>
/// <param name="sliding">What is added to those of layers with a window, or null; freed with the pass.</param>
internal sealed class StepPass(CacheRows cache, Tensor full, Tensor? sliding) : Pass
{
    public override Tensor Attend(int layer, AttentionKind kind, Tensor q, Tensor k, Tensor v)
    {
        cache.Cache.Store(layer, cache.Rows, k, v);
        return cache.Cache.Attend(layer, q, kind == AttentionKind.Sliding ? sliding! : full, AttentionScale);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        full.Dispose();
        sliding?.Dispose();
    }
}
