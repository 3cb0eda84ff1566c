using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Blocks;

/// <summary>
/// The calls that a GPU gets, against the attention of CPUs: the kernel of <see cref="ReferenceFlashKernel"/> reads the arguments as the
/// engine's own does.
/// </summary>
public class FlashAttentionTests
{
    private const int Heads = 4, KeyHeads = 2, Size = 8;

    [Theory, InlineData(true, null), InlineData(false, null), InlineData(true, 0.3)]
    public void Packed_sequences_and_their_gradients_equal_those_of_groups(bool causal, double? scale)
    {
        ReferenceFlashKernel.Register();
        using var scope = NewDisposeScope();
        int[] lengths = [5, 1, 9, 5, 2];
        using var grouped = PackedAttention.Create(lengths, causal, CPU);
        using var flash = FlashAttention.OfSequences(lengths, causal, CPU);
        Tensor[] inputs = [.. new[] { Heads, KeyHeads, KeyHeads }.Select(heads => randn(lengths.Sum(), heads, Size))];
        Tensor weights = randn(lengths.Sum(), Heads * Size);
        Tensor[] Run(Func<Tensor, Tensor, Tensor, Tensor> attention)
        {
            Tensor[] own = [.. inputs.Select(input => input.clone().requires_grad_())];
            Tensor result = attention(own[0], own[1], own[2]);
            result.mul(weights).sum().backward();
            return [result, .. own.Select(input => input.grad!)];
        }
        Near(Run((q, k, v) => grouped.Forward(q, k, v, scale)), Run((q, k, v) => flash.Forward(q, k, v, scale)));
    }

    [Theory, InlineData(null), InlineData(3)]
    public void A_step_over_a_cache_sees_what_the_mask_lets_it_see(int? window)
    {
        ReferenceFlashKernel.Register();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        int[] lengths = [7, 1, 300];   // keys of each slot, the new one included
        using var cache = new KvCache(1, 4, KeyHeads, Size, ScalarType.Float32, CPU);
        cache.Reserve(lengths.Length, lengths.Max());
        foreach (var (slot, length) in lengths.Index())
        {
            Tensor rows = Arithmetic.Range(length, CPU).Plus((long)slot * cache.Capacity);
            cache.Store(0, rows, randn(length, KeyHeads, Size), randn(length, KeyHeads, Size));
        }
        Tensor q = randn(lengths.Length, Heads, Size), seen = tensor(Array.ConvertAll(lengths, length => (long)length));
        Tensor key = Arithmetic.Range(lengths.Max(), CPU).view(1, 1, 1, -1), own = seen.view(-1, 1, 1, 1);
        Tensor hidden = key.ge(own);
        if (window is { } last) hidden = hidden.logical_or(key.lt(own.Plus(-last)));
        using var slots = FlashAttention.OfSlots(seen, lengths.Max(), cache.Capacity);
        Near([cache.Attend(0, q, hidden.to(ScalarType.Float32).Times(-1e30), 0.2)], [cache.Attend(0, q, slots, 0.2, window)]);
    }

    [Fact]
    public void It_is_not_asked_for_where_the_kernel_is_not()
    {
        Assert.False(FlashAttention.Serves(CPU, ScalarType.BFloat16, 128));
        var gpu = new Device(TorchSharp.DeviceType.CUDA, 0);
        Assert.False(FlashAttention.Serves(gpu, ScalarType.Float32, 128));
        Assert.False(FlashAttention.Serves(gpu, ScalarType.BFloat16, 12));
        Assert.False(FlashAttention.Serves(gpu, ScalarType.BFloat16, 512));
    }

    [Theory, InlineData(8), InlineData(32)]
    public void The_trial_finds_a_kernel_that_is_there(long headSize)
    {
        ReferenceFlashKernel.Register();
        using var _ = no_grad();   // as in a step of decoding, which may be the first to ask
        using var scope = NewDisposeScope();
        Assert.True(FlashAttention.Works(CPU, ScalarType.Float32, headSize));
        Assert.Null(ReferenceFlashKernel.Failure);
    }

    [Fact]
    public void The_engines_choice_of_a_kernel_is_read()
    {
        using var scope = NewDisposeScope();
        Tensor q = randn(1, Heads, 16, Size), k = randn(1, KeyHeads, 16, Size);
        Assert.True(Aten.PrefersFlash(q, q, q));                                  // on a CPU one kernel bears that name
        Assert.False(Aten.PrefersFlash(q.to(ScalarType.Float64).unsqueeze(0), k.unsqueeze(0), k.unsqueeze(0)));
    }

    private static void Near(Tensor[] expected, Tensor[] actual)
    {
        Assert.Null(ReferenceFlashKernel.Failure);
        foreach (var (one, other) in expected.Zip(actual))
        {
            Assert.Equal(one.shape, other.shape);
            Assert.InRange((one - other).abs().max().item<float>(), 0, 2e-5f);
        }
    }
}
