using Interlace.Evaluation.Asking;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>The model and the files.</summary>
/// <param name="Model">The model.</param>
/// <param name="Texts">SHA-256 of the rows of each file of texts.</param>
/// <param name="Choices">SHA-256 of the rows of each file of choices.</param>
/// <param name="History">What was done to the model.</param>
public sealed record LikelihoodInputs(ModelIdentity Model, IReadOnlyDictionary<string, string> Texts,
    IReadOnlyDictionary<string, string> Choices, ModelHistory History);
