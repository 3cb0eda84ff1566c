using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>How a plan came about: everything but the layers themselves.</summary>
public sealed record PlanOrigin
{
    /// <summary>Name of the selection method in <see cref="Methods"/>; <c>custom</c> where somebody chose the layers by hand.</summary>
    public string Method { get; init; } = "custom";

    /// <summary>The fraction of layers asked for, or null where a number was given.</summary>
    public double? Ratio { get; init; }

    /// <summary>How triplets were picked.</summary>
    public Selection Selection { get; init; }

    /// <summary>Which tokens the similarities are means over.</summary>
    public string Tokens { get; init; } = "all";

    /// <summary>Layers below this number could not be dropped.</summary>
    public int ProtectedLayers { get; init; }

    /// <summary>The first four and the last two layers could not be dropped by a one-shot method.</summary>
    public bool ProtectEnds { get; init; }

    /// <summary>What was done where the paper and its authors' code part.</summary>
    public SelectionRules Rules { get; init; } = SelectionRules.Paper;

    /// <summary>Most neighbouring layers that a search with losses drops beside one tuned layer.</summary>
    public int LongestRun { get; init; } = 1;

    /// <summary>Layers whose loss such a search looked at in a round; 0 for all.</summary>
    public int Candidates { get; init; }

    /// <summary>Which layers are tuned.</summary>
    public TuneRule Tune { get; init; }

    /// <summary>The methods that were compared, separated by commas; null where the plan is one method's.</summary>
    public string? BestOf { get; init; }

    /// <summary>What decided between them.</summary>
    public BestBy BestBy { get; init; }

    /// <summary>The one that was chosen.</summary>
    public string? Chosen { get; init; }

    /// <summary>How they fared, in their order.</summary>
    public IReadOnlyList<BestRow> Compared { get; init; } = [];

    /// <summary>Layers that could not be dropped because they write an attention sink; null where that guard was off.</summary>
    public IReadOnlyList<int>? SinksKept { get; init; }

    /// <summary>Seed of the methods that use chance.</summary>
    public int Seed { get; init; }

    /// <summary>[L] layer similarities the method saw, where it had them.</summary>
    public IReadOnlyList<double>? LayerSimilarity { get; init; }

    /// <summary>[L - 2] triplet similarities the method saw, where it had them.</summary>
    public IReadOnlyList<double>? TripletSimilarity { get; init; }

    /// <summary>The picks, in the order in which they were made.</summary>
    public IReadOnlyList<PlanChoice> Choices { get; init; } = [];

    /// <summary>What the reader should know before using the plan.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The model the plan was made for, or null where it fits any model with as many layers.</summary>
    public ModelIdentity? Model { get; init; }
}
