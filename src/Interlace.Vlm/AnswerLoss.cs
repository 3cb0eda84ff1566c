using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm;

/// <summary>
/// Next-token cross-entropy on answer tokens. The head runs on answer rows alone and in chunks, so that [tokens x vocabulary] never exists.
/// </summary>
public static class AnswerLoss
{
    /// <summary>The summed cross-entropy over the batch's answer tokens, without gradients.</summary>
    /// <param name="model">Its final norm and head are used.</param>
    /// <param name="hidden">[N, D] residual stream behind the last layer.</param>
    /// <param name="batch">The batch that it belongs to.</param>
    /// <param name="headRows">Rows of a chunk at the head.</param>
    public static double Sum(VisionLanguageModel model, Tensor hidden, Batch batch, int headRows = 512)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = hidden.index_select(0, batch.AnswerRows);
        Tensor loss = zeros([], ScalarType.Float64, rows.device);   // read once, at the end: nothing waits before
        for (long at = 0; at < rows.shape[0]; at += headRows)
        {
            using var chunk = NewDisposeScope();
            long count = Math.Min(headRows, rows.shape[0] - at);
            loss.Add(Each(model.Logits(rows.narrow(0, at, count)), batch.AnswerIds.narrow(0, at, count)).sum());
        }
        return loss.item<double>();
    }

    /// <summary>The cross-entropy of each of the batch's answer tokens, in their order, without gradients: -log p in nats.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="headRows">Rows of a chunk at the head.</param>
    public static double[] Each(VisionLanguageModel model, Batch batch, int headRows = 512)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = model.Hidden(batch).index_select(0, batch.AnswerRows);
        List<Tensor> losses = [];
        for (long at = 0; at < rows.shape[0]; at += headRows)
        {
            using var chunk = NewDisposeScope();
            long count = Math.Min(headRows, rows.shape[0] - at);
            losses.Add(Each(model.Logits(rows.narrow(0, at, count)), batch.AnswerIds.narrow(0, at, count)).MoveToOuterDisposeScope());
        }
        return losses.Count == 0 ? [] : [.. cat(losses).cpu().data<double>()];
    }

    /// <summary>
    /// Gives the graph behind the logits the gradient of <paramref name="scale"/> times their summed loss, which is computed in fp32.
    /// </summary>
    /// <param name="logits">[n, vocabulary], with a graph.</param>
    /// <param name="ids">[n].</param>
    /// <param name="scale">What the sum is multiplied by.</param>
    /// <param name="taught">What else is learnt; null for cross-entropy alone.</param>
    /// <returns>[] the sum, not scaled.</returns>
    public static Tensor Backward(Tensor logits, Tensor ids, double scale, TaughtLogits? taught = null)
    {
        if (!CrossEntropyRows.Serves(logits, taught?.Logits))
        {
            Tensor loss = functional.cross_entropy(logits.to(ScalarType.Float32), ids, reduction: Reduction.Sum);
            if (taught is not null) loss = Mixed(loss, logits, taught);
            loss.Times(scale).backward();
            return loss.detach();
        }
        Tensor gradient = empty_like(logits);
        Tensor losses = CrossEntropyRows.Losses(logits, ids, taught, gradient, scale);
        logits.backward([gradient]);
        return losses.sum();
    }

    private static Tensor Mixed(Tensor crossEntropy, Tensor logits, TaughtLogits taught)
    {
        Tensor LogProbabilities(Tensor x) => functional.log_softmax(x.to(ScalarType.Float32).Times(1 / taught.Temperature), -1);
        Tensor divergence = functional.kl_div(LogProbabilities(logits), LogProbabilities(taught.Logits.detach()), log_target: true,
            reduction: Reduction.Sum);
        return crossEntropy.Times(1 - taught.Weight).Plus(divergence.Times(taught.Weight * taught.Temperature * taught.Temperature));
    }

    private static Tensor Each(Tensor logits, Tensor ids) => CrossEntropyRows.Serves(logits) ? CrossEntropyRows.Losses(logits, ids)
        : functional.cross_entropy(logits.to(ScalarType.Float32), ids, reduction: Reduction.None).to(ScalarType.Float64);
}
