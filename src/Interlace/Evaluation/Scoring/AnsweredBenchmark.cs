using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Scoring;

/// <summary>The answers to one benchmark.</summary>
/// <param name="Benchmark">Its row.</param>
/// <param name="Table">Its table, where there is one.</param>
/// <param name="Predictions">The answers.</param>
/// <param name="TruncatedRate">Share of answers that ran into the token limit, where known.</param>
/// <param name="Skipped">Rows left out, by reason.</param>
public sealed record AnsweredBenchmark(Benchmark Benchmark, BenchmarkTable? Table, IReadOnlyList<Prediction> Predictions,
    double? TruncatedRate, IReadOnlyDictionary<string, long> Skipped);
