namespace Interlace.Evaluation.Likelihoods;

/// <summary>What the rows of a file are.</summary>
public enum LikelihoodKind
{
    /// <summary>Texts, of which the perplexity is taken.</summary>
    Texts,

    /// <summary>Contexts with choices of how they go on, of which the likeliest is taken for the model's.</summary>
    Choices,
}
