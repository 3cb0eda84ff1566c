namespace Interlace.Reporting;

/// <summary>Loss on held-back samples after a step.</summary>
public sealed record ValidationLoss(int Step, double Loss);
