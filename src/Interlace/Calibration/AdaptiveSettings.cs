using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>What decided when an adaptive calibration stopped.</summary>
/// <param name="Confidence">Share of resamplings in which the dropped layers had to come out.</param>
/// <param name="Plan">The plan that was looked at.</param>
public sealed record AdaptiveSettings(double Confidence, PlanOptions Plan);
