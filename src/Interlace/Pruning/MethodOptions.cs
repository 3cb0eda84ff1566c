namespace Interlace.Pruning;

/// <summary>What a method can be given beside the evidence.</summary>
/// <param name="Selection">How triplets are picked.</param>
/// <param name="ProtectEnds">Never drop the first four and the last two layers; read by the one-shot methods of Shortened LLM.</param>
public sealed record MethodOptions(Selection Selection = Selection.Greedy, bool ProtectEnds = false);
