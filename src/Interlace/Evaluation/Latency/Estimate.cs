using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Latency;

/// <summary>A median and its 95 % interval, low and high.</summary>
public sealed record Estimate(double Median, double[] Interval);
