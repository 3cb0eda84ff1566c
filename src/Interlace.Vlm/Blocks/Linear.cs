using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>A linear layer: x W^T + b.</summary>
public sealed class Linear(ParameterSource source, string name, long input, long output, bool bias = false)
{
    /// <summary>[output, input].</summary>
    public Parameter Weight { get; } = source($"{name}.weight", output, input);

    /// <summary>[output], or null.</summary>
    public Parameter? Bias { get; } = bias ? source($"{name}.bias", output) : null;

    /// <summary>What is added to the layer's output, or null; it belongs to whoever sets it.</summary>
    public LowRankAdapter? Adapter { get; set; }

    /// <summary>[.., input] -> [.., output].</summary>
    public Tensor Forward(Tensor x, LinearObserver? observe = null)
    {
        using var part = Profile.Of("linear");
        observe?.Invoke(Weight, x);
        Tensor y = Products.Linear(x, Weight.Value, Bias?.As(x.dtype));
        return Adapter is { } adapter ? y.Plus(adapter.Forward(x)) : y;
    }
}
