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
public sealed record PlanOptions(string Method = "interlace", double Ratio = 0.25, string Selection = "greedy", string Tokens = "all",
    bool Protect = true, bool ProtectEnds = false, int Rounds = 1);
