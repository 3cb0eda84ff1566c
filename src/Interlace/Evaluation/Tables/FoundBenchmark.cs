namespace Interlace.Evaluation.Tables;

/// <summary>A benchmark whose table was found in a folder.</summary>
/// <param name="Benchmark">Its row.</param>
/// <param name="Path">The path of its table.</param>
public sealed record FoundBenchmark(Benchmark Benchmark, string Path);
