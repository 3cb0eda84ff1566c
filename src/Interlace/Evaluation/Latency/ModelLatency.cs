namespace Interlace.Evaluation.Latency;

/// <summary>The stages of one model on one benchmark: medians with intervals,
/// and every measurement in the order of the questions.</summary>
public sealed record ModelLatency(Estimate Image, Estimate Vision, Estimate Prefill, Estimate FirstToken, Estimate TimeToFirstToken,
    Estimate PerToken, StageMeasurements Measured);
