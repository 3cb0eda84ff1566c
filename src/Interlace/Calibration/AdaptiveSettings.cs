using Interlace.Experiments;

namespace Interlace.Calibration;

/// <summary>What decided when an adaptive calibration stopped.</summary>
/// <param name="Confidence">Share of resamplings in which the dropped layers had to come out.</param>
/// <param name="Plan">The plan that was looked at.</param>
public sealed record AdaptiveSettings(double Confidence, PlanOptions Plan);
