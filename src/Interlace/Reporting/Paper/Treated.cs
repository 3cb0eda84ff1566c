namespace Interlace.Reporting.Paper;

/// <summary>Evaluations of equal treatment: one, or several that differ in their seed or their folder.</summary>
/// <param name="Treatment">What was done.</param>
/// <param name="Ratio">Part of the layers that was asked for, where known.</param>
/// <param name="Runs">The evaluations.</param>
internal sealed record Treated(Treatment Treatment, double? Ratio, IReadOnlyList<EvaluatedModel> Runs);
