using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>The headline score of a benchmark.</summary>
/// <param name="Benchmark">Name of the benchmark.</param>
/// <param name="Score">In percent.</param>
/// <param name="Interval">95 % interval.</param>
/// <param name="ExtractionFailures">Share of the answers from which no choice could be read.</param>
/// <param name="Truncated">Share of the answers that ran into the token limit.</param>
public sealed record BenchmarkScore(string Benchmark, double Score, Interval? Interval = null, double? ExtractionFailures = null,
    double? Truncated = null);
