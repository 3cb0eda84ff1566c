using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class ProductsTests
{
    private const string NotOurs = "the engine's threads cannot be told apart here";

    public static TheoryData<long[], long, bool> Shapes => new()
    {
        { [1, 192], 512, true },
        { [2, 3, 130], 70, true },
        { [513, 257], 1027, false },
        { [1100, 600], 513, true },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Products_and_gradients_are_the_engines(long[] shape, long outputs, bool hasBias)
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        Tensor[] Ours() => Results(shape, outputs, hasBias, Products.ByOneDnn);
        foreach (var (actual, expected) in Ours().Zip(Results(shape, outputs, hasBias, static (x, w, b) => nn.functional.linear(x, w, b))))
        {
            Assert.Equal(expected.shape, actual.shape);
            Assert.InRange(Largest(actual - expected), 0, 4e-6 * Largest(expected));
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Any_number_of_threads_gives_the_same_bytes(long[] shape, long outputs, bool hasBias)
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        Tensor[] first = Results(shape, outputs, hasBias, Products.ByOneDnn);
        foreach (int count in (int[])[2, 3, 8])
            Workers.Within(count, () =>
            {
                Tensor[] again = Results(shape, outputs, hasBias, Products.ByOneDnn);
                Assert.All(first.Zip(again), pair => Assert.True(pair.First.Equals(pair.Second)));
                Assert.Equal(count, get_num_threads());
            });
    }

    [Fact]
    public void Only_the_gradients_that_are_wanted_are_computed()
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        Tensor x = randn(5, 300).requires_grad_(), weight = randn(300, 300);
        Products.ByOneDnn(x, weight).sum().backward();
        Assert.NotNull(x.grad);
        Assert.Null(weight.grad);
        using (no_grad()) Assert.False(Products.ByOneDnn(x, weight).requires_grad);
    }

    [Fact]
    public void Parts_that_fail_say_why()
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        Workers.Within(2, () =>
        {
            var thrown = Assert.Throws<InvalidDataException>(() => Workers.Run(8, static part =>
            {
                if (part == 3) throw new InvalidDataException("part 3");
            }));
            Assert.Equal("part 3", thrown.Message);
            Assert.Equal(2, get_num_threads());
        });
    }

    /// <summary>The product, and the gradients of everything by a weighted sum of it; the numbers depend on the shapes alone.</summary>
    private static Tensor[] Results(long[] shape, long outputs, bool hasBias, Func<Tensor, Tensor, Tensor?, Tensor> product)
    {
        var random = new Generator(7, CPU);
        Tensor Numbers(params long[] sizes) => randn(sizes, generator: random);
        Tensor x = Numbers(shape).requires_grad_(), weight = Numbers(outputs, shape[^1]).requires_grad_();
        Tensor? bias = hasBias ? Numbers(outputs).requires_grad_() : null;
        Tensor y = product(x, weight, bias);
        y.backward([Numbers(y.shape)]);
        return [y.detach(), x.grad!, weight.grad!, .. bias is null ? Array.Empty<Tensor>() : [bias.grad!]];
    }

    private static double Largest(Tensor x) => x.abs().max().item<float>();
}
