using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine;

/// <summary>Work that is called off in the middle ends soon, and nobody gets what was not computed.</summary>
public class InterruptibleTests
{
    private const string NotCut = "products are not cut here";

    [Fact]
    public void Parts_are_left_out_from_then_on_and_the_end_throws()
    {
        Assert.SkipUnless(Workers.AreOurs, NotCut);
        using var ending = new CancellationTokenSource();
        int done = 0;
        Assert.Throws<OperationCanceledException>(() => Interruptible.Run(() =>
        {
            Workers.Run(1000, _ =>
            {
                if (Interlocked.Increment(ref done) == 3) ending.Cancel();
            });
            return done;
        }, ending.Token));
        Assert.InRange(done, 3, 3 + get_num_threads());
    }

    [Fact]
    public void A_gradient_ends_without_throwing_through_the_engine()
    {
        Assert.SkipUnless(Workers.AreOurs, NotCut);
        using var scope = NewDisposeScope();
        using var ending = new CancellationTokenSource();
        Tensor x = randn(40, 1024).requires_grad_(), weight = randn(2048, 1024);
        Assert.Throws<OperationCanceledException>(() => Interruptible.Run(() =>
        {
            Tensor y = Products.Linear(x, weight);
            ending.Cancel();
            y.sum().backward();
            return y;
        }, ending.Token));
    }

    [Fact]
    public void What_comes_behind_is_computed()
    {
        Assert.SkipUnless(Workers.AreOurs, NotCut);
        using var scope = NewDisposeScope();
        using var ended = new CancellationTokenSource();
        ended.Cancel();
        Tensor x = randn(40, 1024), weight = randn(2048, 1024);
        Assert.Throws<OperationCanceledException>(() => Interruptible.Run(() => Products.Linear(x, weight), ended.Token));
        Kernels.KernelCases.AssertNear(nn.functional.linear(x, weight), Products.Linear(x, weight), 4e-6);
        Tensor within = Interruptible.Run(() => Products.Linear(x, weight), CancellationToken.None);
        Assert.False(within.IsInvalid);
    }
}
