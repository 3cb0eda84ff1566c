namespace Interlace.Reporting.Paper;

/// <summary>A plan and where it comes from.</summary>
internal sealed record Planned(string Label, string Source, PlanData Plan);
