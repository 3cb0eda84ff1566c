using Interlace.Evaluation.Asking;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>The model and the files.</summary>
/// <param name="Model">The model.</param>
/// <param name="Texts">SHA-256 of the rows of each file of texts.</param>
/// <param name="Choices">SHA-256 of the rows of each file of choices.</param>
/// <param name="History">What was done to the model.</param>
public sealed record LikelihoodInputs(ModelIdentity Model, IReadOnlyDictionary<string, string> Texts,
    IReadOnlyDictionary<string, string> Choices, ModelHistory History)
{
    /// <summary>Whether hashes by name are those of the files of a kind.</summary>
    internal static bool AreOf(IReadOnlyDictionary<string, string> hashes, LikelihoodKind kind, IReadOnlyList<LikelihoodFile> files) =>
        hashes.Count == files.Count(file => file.Kind == kind)
        && files.Where(file => file.Kind == kind).All(file => hashes.GetValueOrDefault(file.Name) == file.Sha256);
}
