using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class GatedRowsTests
{
    public static TheoryData<long, long> Shapes => new() { { 1, 9728 }, { 37, 512 }, { 3, 100 }, { 2, 7 }, { 1, 1 }, { 5, 16 } };

    [Theory, MemberData(nameof(Shapes))]
    public void It_is_the_engines(long rows, long width)
    {
        Assert.SkipUnless(GatedRows.IsPreferred, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor both = KernelCases.Numbers(type, rows, 2 * width).Times(4.0);
            Tensor gate = both.narrow(1, 0, width), up = both.narrow(1, width, width), expected = Operators(gate, up);
            bool whole = width % 32 == 0;   // else the engine computes some numbers one by one
            foreach (Tensor actual in (Tensor[])[GatedRows.Silu(gate.clone(), up.clone()), GatedRows.Silu(gate.clone(), up)])
            {
                if (whole) KernelCases.AssertSame(expected, actual);
                else KernelCases.AssertNear(expected, actual, type == ScalarType.Float32 ? 1e-6 : 1e-2);
            }
        }
    }

    [Fact]
    public void Extreme_numbers_are_the_engines()
    {
        Assert.SkipUnless(GatedRows.IsPreferred, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        Tensor gate = tensor([0f, -0f, 1e-30f, 88f, -88f, -89f, -103f, -104f, -105f, 105f, 1e30f, -1e30f, float.PositiveInfinity, -20f, 20f,
            -95f]).unsqueeze(0), up = ones_like(gate);
        KernelCases.AssertSame(Operators(gate, up), GatedRows.Silu(gate.clone(), up));
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor none = tensor(Enumerable.Repeat(float.NaN, 16).ToArray()).unsqueeze(0).to(type);
            Assert.True(GatedRows.Silu(none, ones(1, 16).to(type)).isnan().all().item<bool>());
        }
    }

    [Fact]
    public void Without_a_gradient_it_takes_the_place_of_the_gate()
    {
        Assert.SkipUnless(GatedRows.IsPreferred, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        Tensor gate = KernelCases.Numbers(ScalarType.Float32, 4, 32), before = gate.clone(), up = ones(4, 32);
        using (no_grad()) Assert.True(GatedRows.Silu(gate, up).Equals(gate));
        Tensor wanted = before.clone().requires_grad_();
        GatedRows.Silu(wanted, up).Dispose();
        Assert.True(before.Equals(wanted));
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Gradients_are_the_operators(long rows, long width)
    {
        Assert.SkipUnless(GatedRows.IsPreferred, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            KernelCases.AssertGradients(of => GatedRows.Silu(of[0], of[1]), of => Operators(of[0], of[1]),
                KernelCases.Numbers(type, rows, width).Times(2.0), KernelCases.Numbers(type, rows, width));
        }
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        Assert.SkipUnless(GatedRows.IsPreferred, KernelCases.NotFast);
        using var scope = NewDisposeScope();
        Tensor gate = KernelCases.Numbers(ScalarType.BFloat16, 301, 523), up = KernelCases.Numbers(ScalarType.BFloat16, 301, 523);
        KernelCases.AssertThreadsDoNotMatter(() => KernelCases.WithGradients(of => GatedRows.Silu(of[0], of[1]), gate, up));
    }

    [Fact]
    public void Other_functions_stay_with_the_engine()
    {
        using var scope = NewDisposeScope();
        foreach (string name in Activation.Names)
        {
            var function = Activation.Find(name)!;
            Tensor gate = KernelCases.Numbers(ScalarType.Float32, 3, 32), up = KernelCases.Numbers(ScalarType.Float32, 3, 32).Times(2.0);
            Tensor expected = function(gate).mul(up);
            KernelCases.AssertNear(expected, Activation.Gated(function, gate, up), 1e-6);
        }
        Assert.False(GatedRows.Serves(randn(3, 4), randn(3, 5)));
        Assert.False(GatedRows.Serves(randn(4, 3).t(), randn(3, 4)));
    }

    private static Tensor Operators(Tensor gate, Tensor up) => nn.functional.silu(gate).mul(up);
}
