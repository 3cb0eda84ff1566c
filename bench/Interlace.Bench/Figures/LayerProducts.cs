using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>The matrix products of one decoder layer over one sequence, on values that are chance.</summary>
internal sealed class LayerProducts
{
    private const long QueryBlock = 512;

    private readonly (Tensor Weight, Tensor Input, Tensor Gradient)[] _linears;
    private readonly Tensor _q, _k, _v;

    private LayerProducts((Tensor, Tensor, Tensor)[] linears, Tensor q, Tensor k, Tensor v) =>
        (_linears, _q, _k, _v) = (linears, q, k, v);

    /// <summary>Those of a layer; the tensors belong to the scope around.</summary>
    /// <param name="layer">Its weights are used.</param>
    /// <param name="length">Tokens.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="sequences">Sequences of one length that the tokens are.</param>
    /// <param name="headSize">Values of a head.</param>
    public static LayerProducts Of(IDecoderLayer layer, int length, ScalarType type, int sequences = 1, int headSize = 128)
    {
        var linears = layer.Linears.Select(linear => linear.Weight.Value).Select(weight =>
            (weight, randn(length, weight.shape[1]).to(type), randn(length, weight.shape[0]).to(type))).ToArray();
        long heads = sequences * linears[0].weight.shape[0] / headSize, own = length / sequences;
        Tensor Head(params long[] sizes) => randn(sizes).to(type);
        return new(linears, Head(heads, own, headSize), Head(heads, headSize, own), Head(heads, own, headSize));
    }

    /// <summary>The forward pass.</summary>
    public void Run()
    {
        using var own = NewDisposeScope();
        foreach (var (weight, input, _) in _linears) Products.Linear(input, weight);
        Attention(backward: false);
    }

    /// <summary>Scores of queries [H, n, d] and keys [H, d, T], and what they read of values [H, T, d], as fast as it goes.</summary>
    public static void Read(Tensor q, Tensor k, Tensor v)
    {
        if (q.dtype != ScalarType.Float32 || !Products.PrefersOneDnn)
        {
            q.matmul(k).matmul(v);
            return;
        }
        Tensor keys = k.transpose(1, 2).contiguous(), values = v.transpose(1, 2).contiguous();
        for (long head = 0; head < q.shape[0]; head++)
        {
            using var own = NewDisposeScope();
            Products.Linear(Products.Linear(q[head], keys[head]), values[head]);
        }
    }

    /// <summary>The backward pass.</summary>
    /// <param name="below">Something below wants the gradient of what came in.</param>
    /// <param name="tuned">The weights have gradients.</param>
    public void RunBackward(bool below, bool tuned)
    {
        foreach (var (i, (weight, input, gradient)) in _linears.Index())
        {
            using var own = NewDisposeScope();
            // Without a layer below, queries, keys and values have gradients of their weights alone.
            if (below || i is not (0 or 1 or 2)) Products.Linear(gradient, weight.t());
            if (tuned) gradient.t().matmul(input);
        }
        Attention(backward: true);
    }

    /// <summary>Causal attention: a block of queries with the keys up to its end; backward twice as many, and the scores again.</summary>
    private void Attention(bool backward)
    {
        for (long at = 0; at < _q.shape[1]; at += QueryBlock)
        {
            using var own = NewDisposeScope();
            long rows = Math.Min(QueryBlock, _q.shape[1] - at), seen = at + rows;
            Tensor q = _q.narrow(1, at, rows), k = _k.narrow(2, 0, seen), v = _v.narrow(1, 0, seen);
            if (!backward)
            {
                Read(q, k, v);
                continue;
            }
            Tensor weights = q.matmul(k);
            Tensor gradient = q.matmul(v.transpose(1, 2));   // of the weights, from that of what was read
            gradient.matmul(k.transpose(1, 2));
            gradient.transpose(1, 2).matmul(q);
            weights.transpose(1, 2).matmul(q);
        }
    }
}
