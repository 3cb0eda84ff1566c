namespace Interlace.Evaluation.Latency;

/// <summary>Every measurement, in milliseconds.</summary>
public sealed record StageMeasurements(double[] Image, double[] Vision, double[] Prefill, double[] FirstToken, double[] PerToken);
