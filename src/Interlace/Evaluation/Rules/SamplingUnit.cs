namespace Interlace.Evaluation.Rules;

/// <summary>What is drawn together when a score's uncertainty is estimated:
/// a row, a question with its cycles, or a group with its rotations.</summary>
/// <param name="Key">The same in every run over the same table.</param>
/// <param name="Sums">What the unit adds to the sums of the <see cref="HeadlineRule"/>.</param>
public sealed record SamplingUnit(string Key, double[] Sums);
