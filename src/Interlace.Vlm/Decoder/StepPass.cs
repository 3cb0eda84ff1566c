using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>A step of B conversations by one token each: it sees what the cache holds of its conversation.</summary>
/// <param name="cache">Keys and values so far, and the rows of the new ones.</param>
/// <param name="mask">[B, 1, 1, S] what is added to the scores.</param>
internal sealed class StepPass(CacheRows cache, Tensor mask) : Pass
{
    public override Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        cache.Cache.Store(layer, cache.Rows, k, v);
        return cache.Cache.Attend(layer, q, mask, AttentionScale);
    }
}
