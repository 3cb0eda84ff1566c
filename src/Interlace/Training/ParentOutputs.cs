using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>What one pass of the unpruned model over a batch gives to learn from.</summary>
/// <param name="Rows">[A, D] its residual stream at the batch's answer rows; null where its predictions are not learnt from.</param>
/// <param name="States">By layer of the tuned model that is an anchor, [N, D] its state behind the same layer.</param>
public sealed record ParentOutputs(Tensor? Rows, IReadOnlyDictionary<int, Tensor> States);
