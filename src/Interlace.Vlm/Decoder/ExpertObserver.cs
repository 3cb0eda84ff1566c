using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// Sees which experts the tokens of a layer go to: their 0-based numbers [N, k], the likeliest first, and the weights [N, k] of what
/// they give. Both are freed after the call.
/// </summary>
public delegate void ExpertObserver(int layer, Tensor experts, Tensor weights);
