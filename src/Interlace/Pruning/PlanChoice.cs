namespace Interlace.Pruning;

/// <summary>One pick of a method. Original layer indices.</summary>
/// <param name="Layers">The neighbouring layers looked at together.</param>
/// <param name="Drop">Those of them that are dropped.</param>
/// <param name="Tune">Layers tuned because of this pick.</param>
/// <param name="Score">What the pick was ranked by, or null where there is no score.</param>
/// <param name="Reason">One sentence for the reader.</param>
public sealed record PlanChoice(IReadOnlyList<int> Layers, IReadOnlyList<int> Drop, IReadOnlyList<int> Tune, double? Score, string Reason);
