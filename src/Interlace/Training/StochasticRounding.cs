using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>Rounding to one of the two nearest numbers by chance, so that the mean is the number itself.</summary>
internal static class StochasticRounding
{
    private const double Far = 3e38;   // beyond every weight, and a bf16 number

    /// <summary>fp32 [..] -> bf16 [..]; what is a bf16 number already stays.</summary>
    public static Tensor ToBFloat16(Tensor exact, Generator chance)
    {
        using var scope = NewDisposeScope();
        Tensor near = exact.to(ScalarType.BFloat16), left = exact - near.to(ScalarType.Float32);
        Tensor other = near.nextafter(left.sign().Times(Far).to(ScalarType.BFloat16));   // on the other side of the exact number
        Tensor part = left.div(other.to(ScalarType.Float32) - near.to(ScalarType.Float32));
        Tensor drawn = rand(exact.shape, ScalarType.Float32, exact.device, generator: chance);
        return where(drawn.lt(part), other, near).MoveToOuterDisposeScope();
    }
}
