namespace Interlace.Pruning;

/// <summary>A row of the table of methods.</summary>
/// <param name="Select">The function.</param>
/// <param name="Needs">What it reads of the evidence.</param>
/// <param name="Summary">One line for the reader.</param>
public sealed record Method(Select Select, EvidenceNeeds Needs, string Summary);
