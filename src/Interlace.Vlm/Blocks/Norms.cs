using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Blocks;

/// <summary>Root-mean-square norm over the last dimension.</summary>
public sealed class RmsNorm(ParameterSource source, string name, long size, double epsilon)
{
    /// <summary>[size].</summary>
    public Parameter Weight { get; } = source($"{name}.weight", size);

    /// <summary>[.., size] -> [.., size].</summary>
    public Tensor Run(Tensor x) => Aten.RmsNorm(x, Weight.As(x.dtype), epsilon);
}

/// <summary>Layer norm with weight and bias over the last dimension.</summary>
public sealed class LayerNorm(ParameterSource source, string name, long size, double epsilon)
{
    private readonly Parameter _weight = source($"{name}.weight", size), _bias = source($"{name}.bias", size);

    /// <summary>[.., size] -> [.., size].</summary>
    public Tensor Run(Tensor x) => functional.layer_norm(x, [size], _weight.As(x.dtype), _bias.As(x.dtype), epsilon);
}
