using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>Sees what a linear layer reads: its weight [output, input], and its input [.., input], which is freed after the call.</summary>
public delegate void LinearObserver(Parameter weight, Tensor input);
