using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>Loss on held-back samples after a step.</summary>
public sealed record ValidationLoss(int Step, double Loss);
