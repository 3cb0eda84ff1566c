using System.Diagnostics.CodeAnalysis;
using Interlace.Reporting.Paper;

namespace Interlace.Reporting;

/// <summary>What a report was written to, and its results in short.</summary>
/// <param name="Files">The files, relative to the folder, in ascending order.</param>
/// <param name="Results">One for each treatment of a model under one setting, in the order of the report.</param>
/// <param name="Likelihoods">By model, perplexities and choices by likelihood of each treatment.</param>
public sealed record WrittenReport(IReadOnlyList<string> Files, IReadOnlyList<ReportedResult> Results,
    IReadOnlyList<(string Model, IReadOnlyList<ModelLikelihoods> Treatments)> Likelihoods);
