using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>
/// What is added to a frozen linear layer instead of changing its weight: scale (x A^T) B^T, which is a change of the weight by scale B A
/// of low rank (Hu et al., 2022, LoRA).
/// </summary>
/// <param name="a">A [r, input].</param>
/// <param name="b">B [output, r].</param>
/// <param name="scale">What the product is multiplied by.</param>
public sealed class LowRankAdapter(Parameter a, Parameter b, double scale) : IDisposable
{
    /// <summary>A [r, input] and B [output, r].</summary>
    public IReadOnlyList<Parameter> Parameters { get; } = [a, b];

    /// <summary>[.., input] -> [.., output].</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor low = nn.functional.linear(x, a.As(x.dtype));
        return nn.functional.linear(low, b.As(x.dtype)).Times(scale);
    }

    /// <summary>The change of the weight that comes to the same, in fp32. -> [output, input]</summary>
    public Tensor Change() => b.As(ScalarType.Float32).matmul(a.As(ScalarType.Float32)).Times(scale);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in Parameters) parameter.Dispose();
    }
}
