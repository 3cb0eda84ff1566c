namespace Interlace.Reporting.Paper;

/// <summary>What the paper uses a method for.</summary>
internal enum Family { Dense, Competitor, Ablation, Interlace }
