namespace Interlace.Reporting;

/// <summary>A number on a card.</summary>
/// <param name="Name">Of the benchmark or the file.</param>
/// <param name="Value">The model's.</param>
/// <param name="Before">The unpruned model's; null where it was not measured.</param>
internal sealed record CardRow(string Name, double Value, double? Before);
