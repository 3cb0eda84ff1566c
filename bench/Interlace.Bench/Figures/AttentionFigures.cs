using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>
/// Forward and backward of causal attention over 32 short sequences: the models' own, against plain products with a softmax. Then one step
/// of decoding against a long cache: queries grouped by key head, as the cache does it, against the engine's own grouping.
/// </summary>
internal static class AttentionFigures
{
    /// <summary>Both.</summary>
    public static IEnumerable<Figure> Run() => [.. Packed(), .. Cached()];

    private static IEnumerable<Figure> Cached()
    {
        const int count = 4, heads = 32, keyHeads = 8, size = 128;
        foreach (int length in new[] { 128, 1024 })
        {
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            Tensor q = randn(count, heads, size), mask = zeros(count, 1, 1, length);
            Tensor k = randn(count, length, keyHeads, size).transpose(1, 2), v = randn(count, length, keyHeads, size).transpose(1, 2);
            Action Once(Func<Tensor> attend) => () => { using var result = attend(); };
            yield return Turns.Compare($"a step against {length} cached tokens", "> 1",
                ("the engine's grouping", Once(() => Aten.Attention(q.unsqueeze(2), k, v, mask, causal: false))),
                ("grouped queries", Once(() => Aten.Attention(q.view(count, keyHeads, -1, size), k, v, mask, causal: false))), rounds: 15);
        }
    }

    private static IEnumerable<Figure> Packed()
    {
        const int count = 32, heads = 6, keyHeads = 2, size = 32;
        foreach (int length in new[] { 64, 140, 512 })
        {
            using var scope = NewDisposeScope();
            Tensor q = randn(count * length, heads, size).requires_grad_();
            Tensor k = randn(count * length, keyHeads, size).requires_grad_(), v = randn(count * length, keyHeads, size).requires_grad_();
            using var packed = PackedAttention.Create([.. Enumerable.Repeat(length, count)], causal: true, CPU);
            yield return Turns.Compare($"attention of {count} sequences of {length} tokens, forward and backward", "> 1",
                ("plain", () => Step(() => Plain(Heads(q), Heads(k), Heads(v)))),
                ("packed", () => Step(() => packed.Forward(q, k, v))), rounds: 15);
            void Take(bool own)
            {
                bool before = ShortAttention.IsPreferred;
                ShortAttention.IsPreferred = own;
                Step(() => packed.Forward(q, k, v));
                ShortAttention.IsPreferred = before;
            }
            yield return Turns.Compare($"attention of {count} sequences of {length} tokens, our kernel for short ones", "> 1",
                ("the engine's", () => Take(own: false)), ("ours", () => Take(own: true)), rounds: 15);

            Tensor Heads(Tensor x) => x.view(count, length, -1, size).transpose(1, 2);
        }
    }

    private static void Step(Func<Tensor> attend)
    {
        using var scope = NewDisposeScope();
        attend().sum().backward();
    }

    private static Tensor Plain(Tensor q, Tensor k, Tensor v)
    {
        long b = q.shape[0], h = q.shape[1], t = q.shape[2], d = q.shape[3], g = k.shape[1];
        // The query heads of one key head, one after another.
        Tensor queries = q.reshape(b, g, h / g * t, d).Times(1 / Math.Sqrt(d));
        Tensor hidden = full([t, t], float.NegativeInfinity).triu(1);
        Tensor scores = queries.matmul(k.transpose(2, 3)).view(b, g, h / g, t, t).Plus(hidden);
        return scores.softmax(-1).view(b, g, h / g * t, t).matmul(v);
    }
}
