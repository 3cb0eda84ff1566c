namespace Interlace.Pruning;

/// <summary>What a method can be given beside the evidence.</summary>
/// <param name="Selection">How triplets are picked.</param>
/// <param name="ProtectEnds">Never drop the first four and the last two layers; read by the one-shot methods of Shortened LLM.</param>
/// <param name="SelectionRules">What is done where the paper and its authors' code part; the paper's where absent.</param>
/// <param name="LongestRun">Most neighbouring layers that <see cref="InterlaceLoss"/> drops beside one tuned layer.</param>
/// <param name="Candidates">Layers whose loss <see cref="InterlaceLoss"/> looks at in a round, the most similar ones; 0 for all.</param>
/// <param name="Tune">Which layers are tuned.</param>
/// <param name="BestBy">What decides in <see cref="Pruning.BestOf"/>.</param>
public sealed record MethodOptions(Selection Selection = Selection.Greedy, bool ProtectEnds = false, SelectionRules? SelectionRules = null,
    int LongestRun = 1, int Candidates = 0, TuneRule Tune = TuneRule.Method, BestBy BestBy = BestBy.Dropped)
{
    /// <summary>The methods that <see cref="Pruning.BestOf"/> compares.</summary>
    public IReadOnlyList<string> BestOf { get; init; } = Pruning.BestOf.Parse(new Experiments.PlanOptions().BestOf);

    /// <summary>What is done where the paper and its authors' code part.</summary>
    public SelectionRules Rules => SelectionRules ?? Pruning.SelectionRules.Paper;
}
