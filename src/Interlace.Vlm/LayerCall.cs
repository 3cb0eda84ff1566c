using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// What runs around a decoder layer: may call <paramref name="layer"/> on the input not at all, once or more, look at both sides,
/// or change the gradient mode. The input is freed after the call; whoever wants to keep it keeps a <c>detach()</c> of it.
/// </summary>
/// <param name="index">0-based layer.</param>
/// <param name="layer">The layer itself, [N, D] -> [N, D].</param>
/// <param name="input">Its true input [N, D].</param>
public delegate Tensor LayerCall(int index, Func<Tensor, Tensor> layer, Tensor input);
