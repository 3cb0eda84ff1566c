using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>
/// Forward and backward of causal attention over 32 short sequences: the engine's fused attention, which the models use, against plain products with a softmax.
/// Then one step of decoding against a long cache: queries grouped by key head, as the cache does it, against the engine's own grouping.
/// </summary>
internal static class AttentionBenchmark
{
    public static void Run()
    {
        Packed();
        Cached();
    }

    private static void Cached()
    {
        const int count = 4, heads = 32, keyHeads = 8, size = 128;
        foreach (int length in new[] { 128, 1024 })
        {
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            Tensor q = randn(count, heads, size), k = randn(count, length, keyHeads, size).transpose(1, 2), v = randn(count, length, keyHeads, size).transpose(1, 2), mask = zeros(count, 1, 1, length);
            Action Once(Func<Tensor> attend) => () => { using var result = attend(); };
            Pair.Time($"a step against {length} cached tokens", ("grouped queries", Once(() => Aten.Attention(q.view(count, keyHeads, -1, size), k, v, mask, causal: false))),
                ("grouped by the engine", Once(() => Aten.Attention(q.unsqueeze(2), k, v, mask, causal: false))));
        }
    }

    private static void Packed()
    {
        foreach (int length in new[] { 64, 140, 512 })
        {
            using var scope = NewDisposeScope();
            const int count = 32, heads = 6, keyHeads = 2, size = 32;
            Tensor q = randn(count * length, heads, size).requires_grad_(), k = randn(count * length, keyHeads, size).requires_grad_(), v = randn(count * length, keyHeads, size).requires_grad_();
            using var packed = PackedAttention.Create([.. Enumerable.Repeat(length, count)], causal: true, CPU);
            Pair.Time($"attention over {length} tokens, forward and backward", ("fused", () => Step(() => packed.Forward(q, k, v))), ("plain", () => Step(() => Plain(Heads(q), Heads(k), Heads(v)))));
            Tensor Heads(Tensor x) => x.view(count, length, x.shape[1], size).transpose(1, 2);
        }
    }

    private static Tensor Plain(Tensor q, Tensor k, Tensor v)
    {
        long b = q.shape[0], h = q.shape[1], t = q.shape[2], d = q.shape[3], g = k.shape[1];
        Tensor queries = q.reshape(b, g, h / g * t, d).Times(1 / Math.Sqrt(d));   // the query heads of one key head, one after another
        Tensor hidden = tensor(Enumerable.Range(0, (int)(t * t)).Select(at => at % t > at / t ? float.NegativeInfinity : 0).ToArray()).view(t, t);
        Tensor scores = queries.matmul(k.transpose(2, 3)).view(b, g, h / g, t, t).Plus(hidden);
        return scores.softmax(-1).view(b, g, h / g * t, t).matmul(v);
    }

    private static void Step(Func<Tensor> forward)
    {
        using var scope = NewDisposeScope();
        forward().sum().backward();
    }
}
