using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>Root-mean-square norm over the last dimension.</summary>
/// <param name="source">Gives the weight.</param>
/// <param name="name">What its name begins with.</param>
/// <param name="size">Values of the last dimension.</param>
/// <param name="epsilon">Is added to the mean square.</param>
/// <param name="plusOne">
/// Whether the weight is what the factor has above 1 (Gemma). In bf16 1 + weight would lose most of the weight: such a norm is
/// computed in fp32, whatever the type of the computation.
/// </param>
public sealed class RmsNorm(ParameterSource source, string name, long size, double epsilon, bool plusOne = false)
{
    /// <summary>[size].</summary>
    public Parameter Weight { get; } = source($"{name}.weight", size);

    /// <summary>[.., size] -> [.., size].</summary>
    public Tensor Forward(Tensor x)
    {
        using var part = Profile.Of("rms norm");
        HeadTurns.Norm own = Of(x.dtype);
        if (NormRows.Serves(x, own.Weight)) return NormRows.Apply(x, own.Weight, epsilon, own.Shift);
        if (!plusOne) return Aten.RmsNorm(x, Weight.As(x.dtype), epsilon);
        return Aten.RmsNorm(x.to(ScalarType.Float32), Weight.As(ScalarType.Float32).Plus(1), epsilon).to(x.dtype);
    }

    /// <summary>The same for the kernels: one that adds 1 to its weight does so in fp32.</summary>
    internal HeadTurns.Norm Of(ScalarType type) =>
        new(plusOne && Weight.Value.dtype != type ? Weight.As(ScalarType.Float32) : Weight.As(type), epsilon, plusOne ? 1 : 0);
}
