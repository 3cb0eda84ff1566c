using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class BlockedAttentionTests
{
    private const string NotOurs = "the engine's threads cannot be told apart here";

    // oneDNN has no products of bf16 below AVX-512.
    private static readonly ScalarType[] Types =
        Cpu.Features.Contains("avx512") ? [ScalarType.Float32, ScalarType.BFloat16] : [ScalarType.Float32];

    public static TheoryData<int, int, int, int, int, bool> Shapes => new()
    {
        { 1, 300, 4, 2, 32, true },     // more than one block of queries, and of what they see
        { 3, 129, 6, 2, 16, true },
        { 2, 257, 3, 3, 64, false },
        { 1, 1, 4, 1, 8, true },
        { 1, 530, 9, 3, 64, true },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void It_is_as_exact_as_the_engines_own(int count, int length, int heads, int keyHeads, int size, bool causal)
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in Types)
        {
            var (q, k, v) = Numbers(count * length, heads, keyHeads, size, type);
            Tensor Own(ScalarType computed)
            {
                Tensor Heads(Tensor x) => x.to(computed).view(count, length, x.shape[1], size).transpose(1, 2);
                Tensor read = Aten.Attention(Heads(q), Heads(k), Heads(v), null, causal);
                return read.transpose(1, 2).reshape(count * length, heads * size).to(ScalarType.Float64);
            }
            Tensor exact = Own(ScalarType.Float64), actual = BlockedAttention.Forward(q, k, v, count, length, causal, null);
            double Off(Tensor x) => (x.to(ScalarType.Float64) - exact).norm().item<double>();
            Assert.Equal(type, actual.dtype);
            Assert.InRange(Off(actual), 0, 1.5 * Off(Own(type)) + 1e-6 * exact.norm().item<double>());
        }
    }

    [Fact]
    public void A_scale_is_taken()
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        var (q, k, v) = Numbers(200, 2, 2, 16, ScalarType.Float32);
        Tensor half = BlockedAttention.Forward(q, k, v, 1, 200, causal: true, 0.5);
        Tensor same = BlockedAttention.Forward(q.Times(2.0), k, v, 1, 200, causal: true, 0.25);
        Assert.InRange((half - same).abs().max().item<float>(), 0, 1e-5);
        Assert.False(half.Equals(BlockedAttention.Forward(q, k, v, 1, 200, causal: true, null)));
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in Types)
        {
            var (q, k, v) = Numbers(2 * 333, 6, 2, 32, type);
            Tensor first = BlockedAttention.Forward(q, k, v, 2, 333, causal: true, null);
            Tensor[] Gradients() =>
                KernelCases.WithGradients(x => BlockedAttention.Forward(x[0], x[1], x[2], 2, 333, causal: true, null), q, k, v);
            Tensor[] gradients = Gradients();
            Workers.Within(3, () =>
            {
                Assert.True(first.Equals(BlockedAttention.Forward(q, k, v, 2, 333, causal: true, null)));
                Assert.All(gradients.Zip(Gradients()), pair => Assert.True(pair.First.Equals(pair.Second)));
            });
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Gradients_are_as_exact_as_the_engines(int count, int length, int heads, int keyHeads, int size, bool causal)
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        foreach (ScalarType type in Types)
        {
            var (q, k, v) = Numbers(count * length, heads, keyHeads, size, type);
            Tensor Heads(Tensor x) => x.view(count, length, x.shape[1], size).transpose(1, 2);
            KernelCases.AssertGradients(
                x => BlockedAttention.Forward(x[0], x[1], x[2], count, length, causal, null),
                x => Aten.Attention(Heads(x[0]), Heads(x[1]), Heads(x[2]), null, causal).transpose(1, 2)
                    .reshape(count * length, heads * size), q, k, v);
        }
    }

    [Fact]
    public void Only_the_gradients_that_are_wanted_are_given()
    {
        Assert.SkipUnless(Workers.AreOurs, NotOurs);
        using var scope = NewDisposeScope();
        Tensor q = randn(200, 2, 16), k = randn(200, 2, 16).requires_grad_(), v = randn(200, 2, 16);
        BlockedAttention.Forward(q, k, v, 1, 200, causal: true, null).sum().backward();
        Assert.NotNull(k.grad);
        Assert.Null(q.grad);
        Assert.Null(v.grad);
    }

    [Fact]
    public void Short_sequences_stay_with_the_engine()
    {
        using var scope = NewDisposeScope();
        Tensor k = randn(200, 2, 16);
        Assert.False(BlockedAttention.Serves(k, k, k, 5, null));
        Assert.Equal(BlockedAttention.IsPreferred, BlockedAttention.Serves(k, k, k, 200, null));
    }

    private static (Tensor Q, Tensor K, Tensor V) Numbers(int tokens, int heads, int keyHeads, int size, ScalarType type)
    {
        var random = new Generator(3, CPU);
        Tensor Of(int count) => randn([tokens, count, size], generator: random).to(type);
        return (Of(heads).Times(2.0), Of(keyHeads), Of(keyHeads));
    }
}
