namespace Interlace.Evaluation.Scoring;

/// <summary>How a run stands to a baseline over the questions both answered.</summary>
/// <param name="Units">Questions both runs answered.</param>
/// <param name="Difference">Interval of run - baseline, in percentage points.</param>
/// <param name="Retention">Interval of 100 x run / baseline, in percent; null where the baseline can come out as 0.</param>
public sealed record PairedIntervals(int Units, Interval Difference, Interval? Retention);
