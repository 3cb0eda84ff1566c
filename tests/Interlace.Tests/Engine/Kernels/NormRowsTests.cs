using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class NormRowsTests
{
    private const double Epsilon = 1e-6;

    public static TheoryData<long[]> Shapes => new([1, 16], [37, 2560], [5, 3, 128], [3, 48], [2, 8192], [70, 1008]);

    [Theory, MemberData(nameof(Shapes))]
    public void It_is_the_engines(long[] shape)
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor x = KernelCases.Numbers(type, shape), weight = KernelCases.Numbers(type, shape[^1]);
            Assert.True(NormRows.Serves(x, weight));
            KernelCases.AssertSame(Aten.RmsNorm(x, weight, Epsilon), NormRows.Apply(x, weight, Epsilon));
        }
    }

    [Fact]
    public void A_weight_may_be_what_the_factors_have_above_one()
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        Tensor x = KernelCases.Numbers(ScalarType.BFloat16, 5, 96), weight = KernelCases.Numbers(ScalarType.Float32, 96);
        foreach (Tensor own in (Tensor[])[weight, weight.to(ScalarType.BFloat16)])
        {
            Tensor expected = Aten.RmsNorm(x.to(ScalarType.Float32), own.to(ScalarType.Float32).Plus(1), Epsilon).to(x.dtype);
            KernelCases.AssertSame(expected, NormRows.Apply(x, own, Epsilon, shift: 1));
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Gradients_are_the_operators(long[] shape)
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            KernelCases.AssertGradients(x => NormRows.Apply(x[0], x[1], Epsilon), x => Aten.RmsNorm(x[0], x[1], Epsilon),
                KernelCases.Numbers(type, shape), KernelCases.Numbers(type, shape[^1]));
        }
    }

    [Fact]
    public void Only_the_gradients_that_are_wanted_are_computed()
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        Tensor x = randn(4, 32), weight = randn(32).requires_grad_();
        NormRows.Apply(x, weight, Epsilon).sum().backward();
        Assert.NotNull(weight.grad);
        Assert.Null(x.grad);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        KernelCases.AssertThreadsDoNotMatter(() => KernelCases.WithGradients(x => NormRows.Apply(x[0], x[1], Epsilon),
            KernelCases.Numbers(ScalarType.BFloat16, 300, 1024), KernelCases.Numbers(ScalarType.BFloat16, 1024)));
    }

    [Fact]
    public void What_does_not_fit_stays_with_the_engine()
    {
        using var scope = NewDisposeScope();
        Tensor weight = ones(40);
        Assert.False(NormRows.Serves(randn(3, 40), weight));                            // no whole steps
        Assert.False(NormRows.Serves(randn(3, 64).t().contiguous().t(), ones(64)));     // columns end to end
        Assert.False(NormRows.Serves(randn(3, 64).to(ScalarType.Float64), ones(64)));
        Assert.False(NormRows.Serves(randn(3, 64), ones(64).to(ScalarType.BFloat16)));
        Assert.False(NormRows.Serves(randn(3, 64).requires_grad_(), ones(64)));         // a small gradient
        Assert.Equal(Rows.AreFast, NormRows.Serves(randn(3000, 64).requires_grad_(), ones(64)));
    }
}
