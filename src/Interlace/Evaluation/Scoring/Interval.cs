namespace Interlace.Evaluation.Scoring;

/// <summary>A 95 % interval; both ends are in the unit of what was resampled.</summary>
public readonly record struct Interval(double Low, double High);
