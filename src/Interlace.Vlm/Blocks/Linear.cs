using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Blocks;

/// <summary>A linear layer: x W^T + b.</summary>
public sealed class Linear(ParameterSource source, string name, long input, long output, bool bias = false)
{
    /// <summary>[output, input].</summary>
    public Parameter Weight { get; } = source($"{name}.weight", output, input);

    /// <summary>[output], or null.</summary>
    public Parameter? Bias { get; } = bias ? source($"{name}.bias", output) : null;

    /// <summary>[.., input] -> [.., output].</summary>
    public Tensor Forward(Tensor x, LinearObserver? observe = null)
    {
        observe?.Invoke(Weight, x);
        return functional.linear(x, Weight.As(x.dtype), Bias?.As(x.dtype));
    }
}
