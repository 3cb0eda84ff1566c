using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// Sees the last sum of a decoder layer before it is taken: the residual stream [N, D] behind attention, and what the feed-forward adds
/// to it [N, D]. Both are freed after the call.
/// </summary>
public delegate void FeedForwardObserver(Tensor stream, Tensor output);
