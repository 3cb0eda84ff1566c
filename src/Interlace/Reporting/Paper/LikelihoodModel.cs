using Interlace.Evaluation.Comparing;

namespace Interlace.Reporting.Paper;

/// <summary>A model whose likelihoods were taken, and what was done to it.</summary>
/// <param name="Treatment">What was done.</param>
/// <param name="Ratio">Part of the layers that was asked for; null where only the layers are known.</param>
/// <param name="Source">The folder, as the report names it.</param>
/// <param name="Run">Results and rows.</param>
internal sealed record LikelihoodModel(Treatment Treatment, double? Ratio, string Source, LikelihoodRun Run)
{
    /// <summary>All that decides the numbers besides the model and the files, in words.</summary>
    public string Setting { get; } = (Run.Texts.Count > 0 ? $"the first {Run.File.Settings.TextTokens} tokens of each text" : "choices")
        + (Run.File.Settings.Limit is { } limit ? $", the first {limit} rows of each file" : "");

    /// <summary>The root folder of the evaluation, as the report names it.</summary>
    public string Root => Source.Split('/')[0];
}
