using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>Root-mean-square norm over the last dimension.</summary>
public sealed class RmsNorm(ParameterSource source, string name, long size, double epsilon)
{
    /// <summary>[size].</summary>
    public Parameter Weight { get; } = source($"{name}.weight", size);

    /// <summary>[.., size] -> [.., size].</summary>
    public Tensor Forward(Tensor x) => Aten.RmsNorm(x, Weight.As(x.dtype), epsilon);
}
