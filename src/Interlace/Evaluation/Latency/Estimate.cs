namespace Interlace.Evaluation.Latency;

/// <summary>A median and its 95 % interval, low and high.</summary>
public sealed record Estimate(double Median, double[] Interval);
