using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Attention of some queries at a time: their scores are one product of matrices, and so is what they read. The engine's own kernel takes a
/// general path on AMD's processors, at a sixth of the speed of products in bf16 and a third in fp32. As there, scores and softmax are
/// fp32, and what keys weigh is rounded to the type of the computation. The blocks depend on the shapes alone.
/// </summary>
public static class BlockedAttention
{
    /// <summary>Shorter sequences stay with the engine.</summary>
    private const int ShortestLength = 128;

    /// <summary>Attention of long sequences is computed here on this machine.</summary>
    public static bool IsPreferred { get; internal set; } = Products.PrefersOneDnn && Cpu.HasBFloat16;

    /// <summary>It is computed here.</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="length">Tokens of a sequence.</param>
    /// <param name="scale">What the scores are multiplied by; null for 1 / sqrt(d).</param>
    public static bool Serves(Tensor q, Tensor k, Tensor v, int length, double? scale) =>
        IsPreferred && length >= ShortestLength && q.device_type == DeviceType.CPU && scale is null or > 0
        && q.dtype is ScalarType.Float32 or ScalarType.BFloat16;

    /// <summary>q [count * length, H, d], k and v [count * length, G, d] with G dividing H -> [count * length, H * d].</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="count">Sequences.</param>
    /// <param name="length">Tokens of each of them.</param>
    /// <param name="causal">A token sees only itself and earlier ones of its sequence.</param>
    /// <param name="scale">What the scores are multiplied by, above 0; 1 / sqrt(d) where absent.</param>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, int count, int length, bool causal, double? scale)
    {
        if (!is_grad_enabled() || !(q.requires_grad || k.requires_grad || v.requires_grad))
            return Compute(q, k, v, count, length, causal, scale);
        return BlockedAttentionGradient.apply(q, k, v,
            new BlockedAttentionGradient.Settings(count, length, causal, scale, q.requires_grad, k.requires_grad, v.requires_grad));
    }

    /// <summary>The same without a gradient.</summary>
    internal static Tensor Compute(Tensor q, Tensor k, Tensor v, int count, int length, bool causal, double? scale)
    {
        using var scope = NewDisposeScope();
        var heads = new AttentionHeads(count, length, q.shape[1], k.shape[1], q.shape[2]);
        float factor = (float)(scale ?? 1 / Math.Sqrt(heads.Size));
        Tensor queries = heads.OfQueries(q), keys = heads.OfKeys(k).to(ScalarType.Float32), values = heads.OfKeys(v);
        Tensor read = empty_like(queries);
        int step = heads.Step, blocks = (length + step - 1) / step;
        Workers.Run(heads.Parts * blocks, part =>
        {
            // The longest blocks of a head first.
            (int head, int first) = (part / blocks, (blocks - 1 - part % blocks) * step);
            int rows = Math.Min(step, length - first);
            int seen = causal ? heads.Seen(first + rows) : length;
            Tensor Block(Tensor x) => x.select(0, head).narrow(0, first * heads.Shared, rows * heads.Shared);
            Tensor scores = Aten.OneDnnLinear(Block(queries).to(ScalarType.Float32), keys.select(0, head).narrow(0, 0, seen), null);
            Tensor weights = q.dtype == ScalarType.Float32 ? scores : empty(scores.shape, q.dtype);
            SoftmaxRows.Apply(scores, weights, row => causal ? first + row / heads.Shared + 1 : length, factor);
            Block(read).copy_(Aten.OneDnnLinear(weights, values.select(0, head).narrow(0, 0, seen).t(), null));
        });
        return heads.ByToken(read).reshape(count * length, -1).MoveToOuterDisposeScope();
    }
}
