namespace Interlace.Experiments;

/// <summary>How layers are chosen (paper 3.3, Algorithm 1).</summary>
/// <param name="Method">Name of the method.</param>
/// <param name="Ratio">Part of the layers to drop; rounded down to whole layers.</param>
/// <param name="Selection">greedy (the paper) or optimal.</param>
/// <param name="Tokens">all, image, prompt or answer: the tokens whose similarity counts.</param>
/// <param name="Protect">Never drop the layers that receive visual features by position.</param>
/// <param name="ProtectEnds">Never drop the first four and the last two layers:
/// perplexity, taylor and magnitude-block as their authors use them.</param>
/// <param name="Rounds">In a whole run: drop the layers in so many rounds, each measured and tuned anew.</param>
/// <param name="Weighting">tokens: every token counts the same in a mean similarity (paper Eq. 1); samples: every sample does.</param>
/// <param name="Ties">Of the first two layers of a triplet, the one that is dropped where both are equally similar:
/// second (paper, Algorithm 1) or first.</param>
/// <param name="LastSpan">The layer, pair or triplet that ends with the last layer is a candidate.</param>
/// <param name="Shortage">Where greedy picking finds too few triplets. guard: it does not come to that, since a triplet that leaves
/// too little room is passed over; pairs: pairs without an anchor make up the number; refuse: there is no plan.</param>
/// <param name="Consecutive">largest_sum or from_most_similar: which run of layers the method consecutive drops.</param>
/// <param name="ProtectSinks">Never drop a layer that writes an attention sink: one that raises the norm of a token tenfold.</param>
/// <param name="Random">shuffle, or python: the method random draws as CPython does from the same seed.</param>
/// <param name="LongestRun">interlace-loss: most neighbouring layers that are dropped beside one tuned layer; 1 in the paper's triplets.
/// </param>
/// <param name="Candidates">interlace-loss: in each round look at the loss without so many layers only, the most similar ones; 0: all.
/// </param>
/// <param name="Tune">Which layers are tuned: those of the method, or the nearest layers before or behind each gap, as many as are
/// dropped there; both: as many on either side; none.</param>
/// <param name="BestOf">The methods whose plans the method best compares, separated by commas.</param>
/// <param name="BestBy">dropped or bridged: what best looks at, the loss of the pruned model as it is or with its layers bridged.</param>
public sealed record PlanOptions(string Method = "interlace", double Ratio = 0.25, string Selection = "greedy", string Tokens = "all",
    bool Protect = true, bool ProtectEnds = false, int Rounds = 1,
    [property: LaterOption] string Weighting = "tokens", [property: LaterOption] string Ties = "second",
    [property: LaterOption] bool LastSpan = true, [property: LaterOption] string Shortage = "guard",
    [property: LaterOption] string Consecutive = "largest_sum", [property: LaterOption] string Random = "shuffle",
    [property: LaterOption] bool ProtectSinks = false,
    [property: LaterOption] int LongestRun = 1, [property: LaterOption] int Candidates = 0,
    [property: LaterOption] string Tune = "method",
    [property: LaterOption] string BestOf = "interlace,interlace-loss,short-gpt,streamline,consecutive,sleb",
    [property: LaterOption] string BestBy = "dropped");
