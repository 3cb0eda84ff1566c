using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Tests.Engine.Kernels;

public class CrossEntropyRowsTests
{
    [Theory, InlineData(1, 16), InlineData(5, 101), InlineData(3, 49_152), InlineData(40, 2049)]
    public void Losses_and_gradients_are_the_engines(long rows, long vocabulary)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor logits = KernelCases.Numbers(type, rows, vocabulary).Times(8);
            if (!CrossEntropyRows.Serves(logits)) Assert.Skip(KernelCases.NotFast);
            Tensor ids = Ids(rows, vocabulary), gradient = empty_like(logits);
            Tensor exact = logits.to(ScalarType.Float64).requires_grad_();
            Tensor expected = functional.cross_entropy(exact, ids, reduction: Reduction.None);
            expected.sum().Times(0.25).backward();
            KernelCases.AssertNear(expected.detach(), CrossEntropyRows.Losses(logits, ids, null, gradient, 0.25), 2e-7);
            // Every number is off by its rounding alone: half a unit in the last place of its type.
            double part = type == ScalarType.BFloat16 ? 1.0 / 256 : 4e-7;
            Tensor right = exact.grad!, off = (gradient.to(ScalarType.Float64) - right).abs() - right.abs().Times(part);
            Assert.InRange(off.max().item<double>(), double.NegativeInfinity, 1e-9);
            KernelCases.AssertNear(expected.detach(), CrossEntropyRows.Losses(logits, ids), 2e-7);
        }
    }

    [Theory, InlineData(0.3, 2.0), InlineData(1, 1), InlineData(0.5, 1), InlineData(1, 0.5)]
    public void A_mixture_with_anothers_predictions_is_the_engines(double weight, double temperature)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            Tensor logits = KernelCases.Numbers(type, 7, 3001).Times(4), other = KernelCases.Numbers(type, 3001, 7).view(7, 3001).Times(4);
            if (!CrossEntropyRows.Serves(logits, other)) Assert.Skip(KernelCases.NotFast);
            Tensor ids = Ids(7, 3001), gradient = empty_like(logits);
            Tensor losses = CrossEntropyRows.Losses(logits, ids, new(other, weight, temperature), gradient, 3);

            Tensor exact = logits.to(ScalarType.Float64).requires_grad_();
            Tensor Softened(Tensor x) => functional.log_softmax(x.to(ScalarType.Float64).Times(1 / temperature), -1);
            Tensor apart = functional.kl_div(Softened(exact), Softened(other), log_target: true, reduction: Reduction.None).sum(-1);
            Tensor expected = functional.cross_entropy(exact, ids, reduction: Reduction.None).Times(1 - weight)
                .Plus(apart.Times(weight * temperature * temperature));
            expected.sum().Times(3).backward();
            KernelCases.AssertNear(expected.detach(), losses, 1e-6);
            KernelCases.AssertNear(exact.grad!, gradient, type == ScalarType.BFloat16 ? 1.0 / 256 : 1e-6);
        }
    }

    [Fact]
    public void Numbers_far_apart_overflow_nothing_and_no_number_stays_none()
    {
        using var scope = NewDisposeScope();
        float[] numbers = new float[3 * 40];
        (numbers[39], numbers[40 + 2], numbers[80 + 37]) = (3e38f, float.NaN, float.NegativeInfinity);
        Tensor logits = tensor(numbers).view(3, 40);
        if (!CrossEntropyRows.Serves(logits)) Assert.Skip(KernelCases.NotFast);
        Tensor gradient = empty_like(logits);
        double[] losses = [.. CrossEntropyRows.Losses(logits, tensor((long[])[39, 3, 0]), null, gradient).data<double>()];
        Assert.Equal(0, losses[0]);
        Assert.True(double.IsNaN(losses[1]));
        Assert.Equal(Math.Log(39), losses[2], 1e-6);
        Assert.True(gradient[0].isfinite().all().item<bool>());
        Assert.True(gradient[1].isnan().all().item<bool>());
    }

    [Theory, InlineData(-1), InlineData(-100), InlineData(40)]
    public void An_id_outside_the_vocabulary_is_refused(long id)
    {
        using var scope = NewDisposeScope();
        Tensor logits = zeros(2, 40);
        if (!CrossEntropyRows.Serves(logits)) Assert.Skip(KernelCases.NotFast);
        Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropyRows.Losses(logits, tensor((long[])[0, id])));
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        using var scope = NewDisposeScope();
        Tensor logits = KernelCases.Numbers(ScalarType.BFloat16, 100, 5000), ids = Ids(100, 5000), gradient = empty_like(logits);
        if (!CrossEntropyRows.Serves(logits)) Assert.Skip(KernelCases.NotFast);
        KernelCases.AssertThreadsDoNotMatter(() => [CrossEntropyRows.Losses(logits, ids, null, gradient), gradient.clone()]);
    }

    private static Tensor Ids(long rows, long vocabulary) => 
        tensor((long[])[.. Enumerable.Range(0, (int)rows).Select(i => i * 7919L % vocabulary)]);
}
