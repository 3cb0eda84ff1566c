using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Asking;

/// <summary>The model and the tables.</summary>
/// <param name="Model">The model; null for answers that this program did not make.</param>
/// <param name="Tables">MD5 by file name.</param>
/// <param name="History">What was done to the model, where that is known.</param>
public sealed record EvaluationInputs(ModelIdentity? Model, IReadOnlyDictionary<string, string> Tables, ModelHistory? History = null);
