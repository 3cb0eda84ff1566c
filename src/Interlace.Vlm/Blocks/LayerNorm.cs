using Interlace.Vlm.Engine;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Blocks;

/// <summary>Layer norm with weight and bias over the last dimension.</summary>
public sealed class LayerNorm(ParameterSource source, string name, long size, double epsilon)
{
    private readonly Parameter _weight = source($"{name}.weight", size), _bias = source($"{name}.bias", size);

    /// <summary>[.., size] -> [.., size].</summary>
    public Tensor Forward(Tensor x)
    {
        using var part = Profile.Of("layer norm");
        return functional.layer_norm(x, [size], _weight.As(x.dtype), _bias.As(x.dtype), epsilon);
    }
}
