namespace Interlace.Evaluation.Rules;

/// <summary>How a headline follows from sums over the sampled units.</summary>
public enum HeadlineRule
{
    /// <summary>Sums are (value, count): 100 x value / count.</summary>
    Mean,

    /// <summary>Sums are (value, count) of each cycle in turn: the plain mean over the cycles that have rows.</summary>
    MeanOfCycles,

    /// <summary>Sums are (true positives, false positives, false negatives): F1 x 100, 0 where undefined.</summary>
    F1,

    /// <summary>Sums are (-log p in nats, tokens): the perplexity exp(nats / tokens), which is no percentage and better the lower it is.
    /// </summary>
    Perplexity,
}
