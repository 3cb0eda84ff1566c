namespace Interlace.Pruning;

/// <summary>What a method can be given beside the evidence.</summary>
/// <param name="Selection">How triplets are picked.</param>
/// <param name="ProtectEnds">Never drop the first four and the last two layers; read by the one-shot methods of Shortened LLM.</param>
/// <param name="SelectionRules">What is done where the paper and its authors' code part; the paper's where absent.</param>
public sealed record MethodOptions(Selection Selection = Selection.Greedy, bool ProtectEnds = false, SelectionRules? SelectionRules = null)
{
    /// <summary>What is done where the paper and its authors' code part.</summary>
    public SelectionRules Rules => SelectionRules ?? Pruning.SelectionRules.Paper;
}
