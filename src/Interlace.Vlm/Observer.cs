using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>Receives named intermediate tensors; they are freed after the call.</summary>
public delegate void Observer(string name, Tensor value);
