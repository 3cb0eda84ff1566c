using System.Text.Json.Serialization;

namespace Interlace.Training;

/// <summary>One line of <c>train.jsonl</c>: an optimiser step.</summary>
/// <param name="Step">0-based.</param>
/// <param name="Epoch">0-based.</param>
/// <param name="Loss">Cross-entropy of the step's answer tokens, in the normalisation of the settings.</param>
/// <param name="LearningRate">Rate of this step.</param>
/// <param name="GradNorm">Norm of all gradients together before clipping.</param>
/// <param name="Samples">Samples of the step.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="AnswerTokens">Those the loss was taken on.</param>
/// <param name="SamplesPerSecond">Speed of this step, data included.</param>
/// <param name="MemoryBytes">Memory of the process.</param>
/// <param name="ValidationLoss">Mean cross-entropy of the held-back samples after this step, where it was measured.</param>
public sealed record TrainingLogRow(int Step, int Epoch, double Loss, double LearningRate, double GradNorm, int Samples, long Tokens,
    long AnswerTokens,
    double SamplesPerSecond, long MemoryBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? ValidationLoss = null);
