namespace Interlace.Evaluation.Comparing;

/// <summary>A perplexity beside the baseline's.</summary>
/// <param name="Name">The file of texts, or <c>overall</c>.</param>
/// <param name="Perplexity">The run's; of several files the geometric mean.</param>
/// <param name="Baseline">The baseline's, likewise.</param>
/// <param name="RatioInterval">95 % interval of <see cref="Ratio"/>, low and high, from rows drawn together for both runs.</param>
/// <param name="Rows">Rows drawn from.</param>
public sealed record PerplexityRatio(string Name, double Perplexity, double Baseline, double[]? RatioInterval, int Rows)
{
    /// <summary>How many times the baseline's it is: above 1 the model finds the texts less likely.</summary>
    public double Ratio => Perplexity / Baseline;
}
