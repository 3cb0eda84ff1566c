using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>What one model scored.</summary>
/// <param name="Name">dense, dropped, recovered, or another name.</param>
/// <param name="Average">Mean over the benchmarks, in percent.</param>
/// <param name="Benchmarks">The benchmarks in the order of the table.</param>
/// <param name="AverageInterval">95 % interval of the average.</param>
/// <param name="Relative">Mean over benchmarks of score / baseline score, in percent.</param>
/// <param name="RelativeInterval">Its 95 % interval.</param>
public sealed record ModelScores(
    string Name, double Average, IReadOnlyList<BenchmarkScore> Benchmarks, Interval? AverageInterval = null, double? Relative = null,
        Interval? RelativeInterval = null);
