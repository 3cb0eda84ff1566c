using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class HeadTurnsTests
{
    private const double Epsilon = 1e-6;

    public static TheoryData<long, long, long> Shapes => new()
    {
        { 1, 4, 128 },
        { 33, 8, 128 },
        { 7, 5, 96 },
        { 6, 2, 32 },
        { 600, 3, 64 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void It_is_the_engines(long tokens, long heads, long size)
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor x = KernelCases.Numbers(type, tokens, heads, size), weight = KernelCases.Numbers(type, size);
            var (cos, sin) = Turns(type, tokens, size);
            Assert.True(HeadTurns.Serves(x, cos, sin, new(weight, Epsilon, 0)));
            KernelCases.AssertSame(Turned(x, cos, sin), HeadTurns.Apply(x, cos, sin, null));
            Tensor normed = Aten.RmsNorm(x, weight, Epsilon);
            KernelCases.AssertSame(Turned(normed, cos, sin), HeadTurns.Apply(x, cos, sin, new(weight, Epsilon, 0)));
        }
    }

    [Fact]
    public void Heads_may_lie_between_others_and_be_of_odd_sizes()
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor x = KernelCases.Numbers(type, 9, 3, 2, 72).select(1, 1);
            var (cos, sin) = Turns(type, 9, 72);
            KernelCases.AssertSame(Turned(x, cos, sin), HeadTurns.Apply(x, cos, sin, null));
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Gradients_are_the_operators(long tokens, long heads, long size)
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor x = KernelCases.Numbers(type, tokens, heads, size), weight = KernelCases.Numbers(type, size);
            var (cos, sin) = Turns(type, tokens, size);
            KernelCases.AssertGradients(of => HeadTurns.Apply(of[0], cos, sin, new(of[1], Epsilon, 0)),
                of => Turned(Aten.RmsNorm(of[0], of[1], Epsilon), cos.to(of[0].dtype), sin.to(of[0].dtype)), x, weight);
            Tensor[] expected = KernelCases.WithGradients(of => Turned(of[0], cos, sin), x);
            KernelCases.AssertSame(expected[1], KernelCases.WithGradients(of => HeadTurns.Apply(of[0], cos, sin, null), x)[1]);
        }
    }

    [Fact]
    public void Only_the_gradients_that_are_wanted_are_computed()
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        var (cos, sin) = Turns(ScalarType.Float32, 5, 32);
        Tensor x = randn(5, 2, 32), weight = randn(32).requires_grad_();
        HeadTurns.Apply(x, cos, sin, new(weight, Epsilon, 0)).sum().backward();
        Assert.NotNull(weight.grad);
        Assert.Null(x.grad);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        Assert.SkipUnless(Rows.AreFast, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        var (cos, sin) = Turns(ScalarType.BFloat16, 300, 128);
        KernelCases.AssertThreadsDoNotMatter(() =>
            KernelCases.WithGradients(of => HeadTurns.Apply(of[0], cos, sin, new(of[1], Epsilon, 0)),
                KernelCases.Numbers(ScalarType.BFloat16, 300, 8, 128), KernelCases.Numbers(ScalarType.BFloat16, 128)));
    }

    [Fact]
    public void What_does_not_fit_stays_with_the_engine()
    {
        using var scope = NewDisposeScope();
        var (cos, sin) = Turns(ScalarType.Float32, 4, 16);
        Assert.False(HeadTurns.Serves(randn(4, 2, 16), cos, sin, null));                      // halves smaller than a step
        (cos, sin) = Turns(ScalarType.BFloat16, 4, 32);
        Assert.False(HeadTurns.Serves(randn(4, 2, 32), cos, sin, null));                      // another type
        (cos, sin) = Turns(ScalarType.Float32, 3, 32);
        Assert.False(HeadTurns.Serves(randn(4, 2, 32), cos, sin, null));                      // turns of other tokens
    }

    private static (Tensor Cos, Tensor Sin) Turns(ScalarType type, long tokens, long size)
    {
        Tensor angles = KernelCases.Numbers(ScalarType.Float32, tokens, 1, size / 2).Times(3.0);
        return (angles.cos().to(type), angles.sin().to(type));
    }

    private static Tensor Turned(Tensor x, Tensor cos, Tensor sin)
    {
        long half = x.shape[^1] / 2;
        Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
        return cat([a * cos - b * sin, (b * cos).Plus(a * sin)], -1);
    }
}
