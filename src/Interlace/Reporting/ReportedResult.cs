using System.Diagnostics.CodeAnalysis;
using Interlace.Evaluation.Scoring;
using Interlace.Reporting.Paper;

namespace Interlace.Reporting;

/// <summary>A line of the report.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Setting">How it was asked.</param>
/// <param name="Treatment">What was done to it, such as <c>Interlace 25 %</c>.</param>
/// <param name="Average">Mean score in percent.</param>
/// <param name="AverageInterval">Its 95 % interval; of several runs their range.</param>
/// <param name="Relative">Mean over benchmarks of score / dense score, in percent; null without a dense model.</param>
/// <param name="RelativeInterval">Its interval, from questions drawn together.</param>
/// <param name="Runs">The evaluations.</param>
public sealed record ReportedResult(string Model, string Setting, string Treatment, double? Average, Interval? AverageInterval,
    double? Relative, Interval? RelativeInterval, IReadOnlyList<string> Runs);
