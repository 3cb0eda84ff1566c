using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine.Kernels;

public class ShortAttentionTests
{
    public ShortAttentionTests() => Assert.SkipUnless(ShortAttention.IsPreferred, KernelCases.NotFast);

    public static TheoryData<int, int, int, int, int, bool> Shapes => new()
    {
        { 1, 1, 4, 1, 32, true },
        { 5, 7, 2, 1, 32, true },
        { 3, 33, 6, 2, 64, true },      // one more than a block of queries, and of keys
        { 2, 160, 9, 3, 64, true },
        { 2, 131, 3, 3, 32, false },
        { 1, 70, 4, 2, 128, true },
        { 1, 512, 2, 1, 32, true },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void It_is_as_exact_as_the_engines_own(int count, int length, int heads, int keyHeads, int size, bool causal)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            var (q, k, v) = Numbers(count * length, heads, keyHeads, size, type);
            Tensor exact = Engines(q, k, v, count, length, causal, ScalarType.Float64);
            Tensor actual = ShortAttention.Forward(q, k, v, count, length, causal, null);
            double Off(Tensor x) => (x.to(ScalarType.Float64) - exact).norm().item<double>();
            Assert.Equal(type, actual.dtype);
            double usual = Off(Engines(q, k, v, count, length, causal, type));
            Assert.InRange(Off(actual), 0, 1.5 * usual + 1e-6 * exact.norm().item<double>());
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Gradients_are_as_exact_as_the_engines(int count, int length, int heads, int keyHeads, int size, bool causal)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            var (q, k, v) = Numbers(count * length, heads, keyHeads, size, type);
            KernelCases.AssertGradients(x => ShortAttention.Forward(x[0], x[1], x[2], count, length, causal, null),
                x => Engines(x[0], x[1], x[2], count, length, causal, x[0].dtype), q, k, v);
        }
    }

    [Fact]
    public void What_a_token_reads_depends_on_nothing_behind_it_and_on_no_other_sequence()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = Numbers(3 * 150, 4, 2, 32, ScalarType.Float32);
        Tensor all = ShortAttention.Forward(q, k, v, 3, 150, causal: true, null);
        foreach (int length in (int[])[1, 31, 32, 33, 77, 150])
        {
            Tensor Own(Tensor x) => x.narrow(0, 150, length);
            Assert.True(Own(all).Equals(ShortAttention.Forward(Own(q), Own(k), Own(v), 1, length, causal: true, null)));
        }
    }

    [Fact]
    public void Heads_may_lie_apart_and_a_scale_is_taken()
    {
        using var scope = NewDisposeScope();
        Tensor together = KernelCases.Numbers(ScalarType.Float32, 2 * 40, 4 + 2 + 2, 32);
        Tensor q = together.narrow(1, 0, 4), k = together.narrow(1, 4, 2), v = together.narrow(1, 6, 2);
        Tensor half = ShortAttention.Forward(q, k, v, 2, 40, causal: true, 0.5);
        Assert.True(half.Equals(ShortAttention.Forward(q.contiguous(), k.contiguous(), v.contiguous(), 2, 40, causal: true, 0.5)));
        KernelCases.AssertNear(half, ShortAttention.Forward(q.Times(2.0), k, v, 2, 40, causal: true, 0.25), 1e-5);
        Assert.False(half.Equals(ShortAttention.Forward(q, k, v, 2, 40, causal: true, null)));
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bytes()
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in KernelCases.Types)
        {
            var (q, k, v) = Numbers(4 * 90, 6, 2, 32, type);
            KernelCases.AssertThreadsDoNotMatter(
                () => KernelCases.WithGradients(x => ShortAttention.Forward(x[0], x[1], x[2], 4, 90, causal: true, null), q, k, v));
        }
    }

    [Fact]
    public void Only_the_gradients_that_are_wanted_are_given()
    {
        using var scope = NewDisposeScope();
        Tensor q = randn(20, 2, 32), k = randn(20, 2, 32).requires_grad_(), v = randn(20, 2, 32);
        ShortAttention.Forward(q, k, v, 1, 20, causal: true, null).sum().backward();
        Assert.NotNull(k.grad);
        Assert.Null(q.grad);
        Assert.Null(v.grad);
    }

    [Fact]
    public void Long_sequences_and_other_heads_are_left_to_others()
    {
        using var scope = NewDisposeScope();
        Tensor k = randn(20, 2, 32), odd = randn(20, 2, 24), wide = randn(20, 2, 256);
        Assert.True(ShortAttention.Serves(k, k, k, 20, null));
        Assert.False(ShortAttention.Serves(k, k, k, 2000, null));
        Assert.False(ShortAttention.Serves(odd, odd, odd, 20, null));
        Assert.False(ShortAttention.Serves(wide, wide, wide, 20, null));
    }

    private static Tensor Engines(Tensor q, Tensor k, Tensor v, int count, int length, bool causal, ScalarType computed)
    {
        Tensor Heads(Tensor x) => x.to(computed).view(count, length, x.shape[1], x.shape[2]).transpose(1, 2);
        Tensor read = Aten.Attention(Heads(q), Heads(k), Heads(v), null, causal);
        return read.transpose(1, 2).reshape(count * length, q.shape[1] * q.shape[2]);
    }

    private static (Tensor Q, Tensor K, Tensor V) Numbers(int tokens, int heads, int keyHeads, int size, ScalarType type)
    {
        var random = new Generator(3, CPU);
        Tensor Of(int count) => randn([tokens, count, size], generator: random).to(type);
        return (Of(heads).Times(2.0), Of(keyHeads), Of(keyHeads));
    }
}
