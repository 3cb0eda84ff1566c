using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

/// <summary>Products of fp32 rows with bf16 weights: those of the same weights in fp32.</summary>
public class NarrowWeightsTests
{
    private const string NotHere = "weights are not held narrow here";

    public static TheoryData<long[], long, bool> Shapes => new()
    {
        { [1, 64], 4, false },
        { [2, 3, 80], 71, true },
        { [16, 256], 1026, false },
        { [17, 256], 1026, true },
        { [600, 96], 300, true },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void They_are_those_of_wide_weights(long[] shape, long outputs, bool hasBias)
    {
        Assert.SkipUnless(Workers.AreOurs, NotHere);
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Case(shape, outputs, hasBias);
        Tensor wide = weight.to(ScalarType.Float32);
        KernelCases.AssertNear(nn.functional.linear(x, wide, bias), Products.Linear(x, weight, bias), 4e-6);
        KernelCases.AssertGradients(inputs => Products.Linear(inputs[0], weight, bias),
            inputs => nn.functional.linear(inputs[0], wide.to(inputs[0].dtype), bias?.to(inputs[0].dtype)), x);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Any_number_of_threads_gives_the_same_bytes(long[] shape, long outputs, bool hasBias)
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Case(shape, outputs, hasBias);
        KernelCases.AssertThreadsDoNotMatter(() => [Products.Linear(x, weight, bias),
            .. KernelCases.WithGradients(inputs => Products.Linear(inputs[0], weight, bias), x)]);
    }

    [Fact]
    public void A_row_is_computed_as_if_it_were_alone()
    {
        Assert.SkipUnless(Workers.AreOurs, NotHere);
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Case([NarrowWeights.MostRows, 256], 100, hasBias: true);
        Tensor all = Products.Linear(x, weight, bias);
        for (int row = 0; row < NarrowWeights.MostRows; row++)
            Assert.True(all.narrow(0, row, 1).Equals(Products.Linear(x.narrow(0, row, 1), weight, bias)));
    }

    [Fact]
    public void A_frozen_narrow_weight_and_a_trained_wide_one_give_the_same_bytes()
    {
        Assert.SkipUnless(Workers.AreOurs, NotHere);
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Case([40, 1024], 1030, hasBias: true);
        Assert.True(NarrowWeights.Stay(weight.shape));
        Tensor[] frozen = KernelCases.WithGradients(inputs => Products.Linear(inputs[0], weight, bias), x);
        Tensor wide = weight.to(ScalarType.Float32);
        Tensor[] trained = KernelCases.WithGradients(inputs => Products.Linear(inputs[0], inputs[1], bias), x, wide);
        Assert.All(frozen.Zip(trained), pair => Assert.True(pair.First.Equals(pair.Second)));
    }

    [Fact]
    public void A_weight_that_is_turned_or_trained_in_bf16_or_held_in_fp16_is_served_too()
    {
        Assert.SkipUnless(Workers.AreOurs, NotHere);
        using var scope = NewDisposeScope();
        var (x, weight, _) = Case([5, 64], 96, hasBias: false);
        Tensor turned = weight.t().contiguous().t(), trained = weight.clone().requires_grad_();
        Tensor expected = nn.functional.linear(x, weight.to(ScalarType.Float32));
        KernelCases.AssertNear(expected, Products.Linear(x, turned), 4e-6);
        Tensor half = weight.to(ScalarType.Float16);
        KernelCases.AssertNear(nn.functional.linear(x, half.to(ScalarType.Float32)), Products.Linear(x, half), 4e-6);
        Tensor y = Products.Linear(x, trained);
        KernelCases.AssertNear(expected, y.detach(), 4e-6);
        y.sum().backward();
        Assert.Equal(ScalarType.BFloat16, trained.grad!.dtype);
    }

    private static (Tensor X, Tensor Weight, Tensor? Bias) Case(long[] shape, long outputs, bool hasBias) =>
        (KernelCases.Numbers(ScalarType.Float32, shape), KernelCases.Numbers(ScalarType.BFloat16, outputs, shape[^1]),
            hasBias ? KernelCases.Numbers(ScalarType.Float32, outputs) : null);
}
