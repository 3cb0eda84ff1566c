namespace Interlace.Evaluation.Tables;

/// <summary>The content of a file of benchmark rows.</summary>
internal sealed record BenchmarkRows(IReadOnlyList<Benchmark> Benchmarks);
