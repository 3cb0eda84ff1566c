using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// The gradients of trained parameters. One that nothing of a step has reached, as the projector where no sample shows an image, is zeros.
/// </summary>
internal sealed class Gradients(IReadOnlyList<Parameter> parameters)
{
    /// <summary>Each parameter's own, in their order.</summary>
    public IEnumerable<Tensor> All => parameters.Select(Of);

    /// <summary>L2 norm of all together.</summary>
    public double Norm()
    {
        using Tensor squares = Squares();
        return Norm(squares);
    }

    /// <summary>The norm of gradients whose sums of squares are [parameters] fp64.</summary>
    public static double Norm(Tensor squares)
    {
        using Tensor sum = squares.sum();
        return Math.Sqrt(sum.item<double>());
    }

    /// <summary>
    /// [parameters] fp64: the sum of squares of each. The squares of one tensor are held at a time: those of all would be as large as the
    /// gradients.
    /// </summary>
    public Tensor Squares()
    {
        using var scope = NewDisposeScope();
        return (parameters.Count == 0 ? zeros(0, ScalarType.Float64) : stack([.. All.Select(SumOfSquares)])).MoveToOuterDisposeScope();
    }

    /// <summary>Scales them down to <paramref name="limit"/> where their <paramref name="norm"/> is larger,
    /// by limit / (norm + 1e-6) as PyTorch does.</summary>
    public void Clip(double norm, double limit)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        if (limit / (norm + 1e-6) is < 1 and var factor)
            foreach (Tensor gradient in All) gradient.Scale(factor);
    }

    private static Tensor SumOfSquares(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        Tensor exact = gradient.to(ScalarType.Float32);
        return exact.mul(exact).sum(type: ScalarType.Float64).MoveToOuterDisposeScope();
    }

    private static Tensor Of(Parameter parameter)
    {
        if (parameter.Value.grad is { } gradient) return gradient;
        using (NewDisposeScope()) parameter.Value.grad = zeros_like(parameter.Value, requires_grad: false);
        return parameter.Value.grad!;
    }
}
