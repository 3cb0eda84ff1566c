using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Training;

/// <summary>
/// Learning from the unpruned model (Hinton, Vinyals and Dean, 2015):
/// the loss of an answer token is (1 - w) times its cross-entropy and w T^2 times KL(p || q), p and q being what
/// the unpruned and the tuned model predict there from logits divided by T. The factor T^2 keeps the size of the gradient.
/// </summary>
/// <param name="Parent">The unpruned model, which stays as it is.</param>
/// <param name="Weight">w, from 0 to 1.</param>
/// <param name="Temperature">T, above 0.</param>
public sealed record Distillation(VisionLanguageModel Parent, double Weight, double Temperature)
{
    /// <summary>The parent's residual stream at the batch's answer rows, from which its logits are made a chunk at a time.
    /// -> [A, D]</summary>
    public Tensor Rows(Batch batch)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return Parent.Hidden(batch).index_select(0, batch.AnswerRows).MoveToOuterDisposeScope();
    }

    /// <summary>The mixed loss of a chunk of answer rows, summed;
    /// gradients flow through <paramref name="crossEntropy"/> and <paramref name="logits"/>.</summary>
    /// <param name="crossEntropy">Summed cross-entropy of the chunk, a scalar.</param>
    /// <param name="logits">The tuned model's [n, vocabulary].</param>
    /// <param name="parentRows">The parent's [n, D] of <see cref="Rows"/>.</param>
    public Tensor Mix(Tensor crossEntropy, Tensor logits, Tensor parentRows)
    {
        Tensor expected;
        using (no_grad()) expected = LogProbabilities(Parent.Logits(parentRows));
        Tensor divergence = functional.kl_div(LogProbabilities(logits), expected, log_target: true, reduction: Reduction.Sum);
        return crossEntropy.Times(1 - Weight).Plus(divergence.Times(Weight * Temperature * Temperature));
    }

    private Tensor LogProbabilities(Tensor logits) => functional.log_softmax(logits.to(ScalarType.Float32).Times(1 / Temperature), -1);
}
