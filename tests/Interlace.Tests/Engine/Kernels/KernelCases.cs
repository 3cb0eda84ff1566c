using System.Runtime.Intrinsics.X86;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

/// <summary>What the tests of kernels share: numbers, and how they are held against the engine's operators.</summary>
internal static class KernelCases
{
    public const string NotFast = "this processor's vectors are not used";

    public static ScalarType[] Types { get; } = [ScalarType.Float32, ScalarType.BFloat16];

    /// <summary>Numbers that depend on the sizes alone.</summary>
    public static Tensor Numbers(ScalarType type, params long[] sizes) =>
        randn(sizes, generator: new Generator((ulong)sizes.Aggregate(7L, (seed, size) => 31 * seed + size), CPU)).to(type);

    /// <summary>The same to the last bit, where the engine sums as it does with AVX2; else to what sums in another order give.</summary>
    public static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.shape, actual.shape);
        if (Avx2.IsSupported) Assert.True(expected.Equals(actual));
        else AssertNear(expected, actual, expected.dtype == ScalarType.BFloat16 ? 1e-2 : 1e-6);
    }

    /// <summary>No further apart than a part of the largest number.</summary>
    public static void AssertNear(Tensor expected, Tensor actual, double part)
    {
        Assert.Equal(expected.shape, actual.shape);
        (Tensor wanted, Tensor found) = (expected.to(ScalarType.Float64), actual.to(ScalarType.Float64));
        Assert.InRange((wanted - found).abs().max().item<double>(), 0, part * wanted.abs().max().item<double>());
    }

    /// <summary>A function's result and the gradients of its inputs by a weighted sum of it.</summary>
    public static Tensor[] WithGradients(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        Tensor[] own = [.. inputs.Select(input => input.detach().clone().requires_grad_())];
        Tensor y = function(own);
        y.backward([Numbers(y.dtype, y.shape)]);
        return [y.detach(), .. own.Select(input => input.grad!)];
    }

    /// <summary>Gradients are as near to those of fp64 as the operators' are.</summary>
    public static void AssertGradients(Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> operators, params Tensor[] inputs)
    {
        Tensor[] found = WithGradients(kernel, inputs), usual = WithGradients(operators, inputs);
        Tensor[] exact = WithGradients(operators, [.. inputs.Select(input => input.to(ScalarType.Float64))]);
        foreach (var (actual, (other, right)) in found.Zip(usual.Zip(exact)))
        {
            Assert.Equal(other.dtype, actual.dtype);
            Assert.Equal(other.shape, actual.shape);
            double Off(Tensor x) => (x.to(ScalarType.Float64) - right).norm().item<double>();
            Assert.InRange(Off(actual), 0, 2 * Off(other) + 1e-6 * right.norm().item<double>());
        }
    }

    /// <summary>Any number of threads gives the same bytes.</summary>
    public static void AssertThreadsDoNotMatter(Func<Tensor[]> run)
    {
        Assert.SkipUnless(Workers.AreOurs, "the engine's threads cannot be told apart here");
        Tensor[] first = run();
        foreach (int count in (int[])[2, 3])
            Workers.Within(count, () => Assert.All(first.Zip(run()), pair => Assert.True(pair.First.Equals(pair.Second))));
    }
}
