using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// The gradients of <see cref="BlockedAttention"/>: the scores of a block are computed again, then three products more. One key head is one
/// part of the work, so that what its queries add to keys and values is added in their order, by one thread. Scores, softmax and sums are
/// fp32; what enters the last products is rounded to the type of the computation, as it is in the forward pass.
/// </summary>
internal sealed class BlockedAttentionGradient : autograd.SingleTensorFunction<BlockedAttentionGradient>
{
    /// <summary>What of a call is no tensor, and which of its tensors want a gradient.</summary>
    internal sealed record Settings(int Count, int Length, bool Causal, double? Scale, bool OfQueries, bool OfKeys, bool OfValues);

    public override string Name => nameof(BlockedAttention);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (q, k, v, settings) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Settings)vars[3]);
        ctx.save_data("settings", settings);
        ctx.save_for_backward([q, k, v]);
        return BlockedAttention.Compute(q, k, v, settings.Count, settings.Length, settings.Causal, settings.Scale);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var part = Profile.Of("attention");
        var settings = (Settings)ctx.get_data("settings");
        List<Tensor> saved = ctx.get_saved_variables();
        var (q, k, v) = Gradients(saved[0], saved[1], saved[2], grad_output, settings);
        return [settings.OfQueries ? q : null!, settings.OfKeys ? k : null!, settings.OfValues ? v : null!, null!];
    }

    private static (Tensor OfQueries, Tensor OfKeys, Tensor OfValues) Gradients(Tensor q, Tensor k, Tensor v, Tensor gradient,
        Settings settings)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (count, length, causal) = (settings.Count, settings.Length, settings.Causal);
        var heads = new AttentionHeads(count, length, q.shape[1], k.shape[1], q.shape[2]);
        float factor = (float)(settings.Scale ?? 1 / Math.Sqrt(heads.Size));
        Tensor queries = heads.OfQueries(q), given = heads.OfQueries(gradient);
        Tensor keys = heads.OfKeys(k), values = heads.OfKeys(v);
        Tensor wideKeys = keys.to(ScalarType.Float32), wideValues = values.to(ScalarType.Float32);
        Tensor ofQueries = empty_like(queries);
        // They lie turned, [parts, d, keys]: the narrow factor of a product is copied, and the scores lie as oneDNN wants them.
        Tensor ofKeys = zeros([heads.Parts, heads.Size, length], ScalarType.Float32), ofValues = zeros_like(ofKeys);
        Workers.Run(heads.Parts, head =>
        {
            for (int first = 0; first < length; first += heads.Step)
            {
                using var block = NewDisposeScope();
                int rows = Math.Min(heads.Step, length - first), seen = causal ? heads.Seen(first + rows) : length;
                Tensor Block(Tensor x) => x.select(0, head).narrow(0, first * heads.Shared, rows * heads.Shared);
                Tensor Keys(Tensor x) => x.select(0, head).narrow(0, 0, seen);
                Tensor own = Block(queries), back = Block(given);
                Tensor weights = Aten.OneDnnLinear(own.to(ScalarType.Float32), Keys(wideKeys), null);
                SoftmaxRows.Apply(weights, weights, row => causal ? first + row / heads.Shared + 1 : length, factor);
                Tensor ofScores = Aten.OneDnnLinear(back.to(ScalarType.Float32), Keys(wideValues), null);
                SoftmaxRows.Backward(weights, ofScores, factor);
                (weights, ofScores) = (weights.to(q.dtype), ofScores.to(q.dtype));
                Block(ofQueries).copy_(Aten.OneDnnLinear(ofScores, Keys(keys).t(), null));
                ofKeys.select(0, head).narrow(1, 0, seen).Add(Product(own, ofScores));
                ofValues.select(0, head).narrow(1, 0, seen).Add(Product(back, weights));
            }
        });
        Tensor OfKeys(Tensor x) => heads.ByToken(x.transpose(1, 2).to(q.dtype)).MoveToOuterDisposeScope();
        return (heads.ByToken(ofQueries).MoveToOuterDisposeScope(), OfKeys(ofKeys), OfKeys(ofValues));
    }

    /// <summary>a^T b. a [n, d], b [n, keys] -> [d, keys] fp32.</summary>
    private static Tensor Product(Tensor a, Tensor b) =>
        Aten.OneDnnLinear(a.t().contiguous(), b.t(), null).to(ScalarType.Float32);
}
