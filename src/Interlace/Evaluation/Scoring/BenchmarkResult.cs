using System.Text.Json.Serialization;
using Interlace.Data;

namespace Interlace.Evaluation.Scoring;

/// <summary>One benchmark's score.</summary>
/// <param name="Percent">The headline; null where it could not be evaluated.</param>
/// <param name="Interval">95 % bootstrap interval, low and high.</param>
/// <param name="SubScores">Other numbers by name.</param>
/// <param name="ExtractionFailureRate">Share of answers from which nothing could be read.</param>
/// <param name="TruncatedRate">Share of answers that ran into the token limit; null where that is not known.</param>
/// <param name="Rows">Rows answered.</param>
/// <param name="Skipped">Rows left out, by reason.</param>
/// <param name="Note">What a reader must know about the number.</param>
/// <param name="Group">The group it is averaged in, or null for none.</param>
/// <param name="JudgeFailures">Questions to which the judge gave no readable reply.</param>
/// <param name="PercentIfFailuresWereRight">The headline if every answer that nobody could read were right:
/// with <paramref name="Percent"/> the bounds of what a judge could make of it.</param>
public sealed record BenchmarkResult(string Name, string Headline, double? Percent, double[]? Interval, IReadOnlyDictionary<string,
    double> SubScores,
    double? ExtractionFailureRate, double? TruncatedRate, int Rows, IReadOnlyDictionary<string, long> Skipped, string? Note,
    string? Group = null, int JudgeFailures = 0, double? PercentIfFailuresWereRight = null)
{
    /// <summary>How many rows were left out and why, as a sentence; null where none was.</summary>
    [JsonIgnore]
    public string? LeftOut => new SkipCounts(Skipped).Sentence(Name, Rows);
}
