using Interlace.Evaluation.Likelihoods;

namespace Interlace.Evaluation.Comparing;

/// <summary>One run of a <see cref="LikelihoodComparison"/>.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Kind">dense, dense fine-tuned, pruned, pruned and fine-tuned.</param>
/// <param name="DropRatio">Part of the layers that was dropped, 0 to 1.</param>
/// <param name="Method">How they were chosen, where known.</param>
/// <param name="Settings">Window, limits and type of the computation.</param>
/// <param name="Texts">Perplexities of the files of texts that all runs have, in the baseline's order.</param>
/// <param name="AllTexts">The geometric mean over these files; null where there is none.</param>
/// <param name="Choices">Shares of right choices of the files that all runs have, in percent.</param>
public sealed record ComparedLikelihoods(string Name, string Kind, double DropRatio, string? Method, LikelihoodSettings Settings,
    PerplexityRatio[] Texts, PerplexityRatio? AllTexts, Retained[] Choices);
