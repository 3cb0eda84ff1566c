namespace Interlace.Reporting.Paper;

/// <summary>A training and where it comes from.</summary>
internal sealed record Training(string Label, string Source, TrainingData Data);
