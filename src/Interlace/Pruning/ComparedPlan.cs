namespace Interlace.Pruning;

/// <summary>What a method makes of a ratio.</summary>
/// <param name="Method">Its name.</param>
/// <param name="Ratio">Part of the layers to drop.</param>
/// <param name="Plan">The plan, or null where the method cannot serve.</param>
/// <param name="Missing">Why it cannot, and what would help; null where it can.</param>
/// <param name="Shared">Dropped layers that the first method's plan for this ratio drops too.</param>
public sealed record ComparedPlan(string Method, double Ratio, PruningPlan? Plan, string? Missing, int Shared);
