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
        double loss = 0;
        for (long at = 0; at < rows.shape[0]; at += headRows)
        {
            using var chunk = NewDisposeScope();
            long count = Math.Min(headRows, rows.shape[0] - at);
            loss += CrossEntropy(model.Logits(rows.narrow(0, at, count)), batch.AnswerIds.narrow(0, at, count)).item<float>();
        }
        return loss;
    }

    /// <summary>Summed cross-entropy in fp32. logits [n, vocabulary], ids [n] -> [].</summary>
    public static Tensor CrossEntropy(Tensor logits, Tensor ids) =>
        functional.cross_entropy(logits.to(ScalarType.Float32), ids, reduction: Reduction.Sum);
}
