using System.Text.Json.Serialization;
using Interlace.Data;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>How often a model finds the right choice of a file likeliest.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Percent">Share of rows whose right choice has the highest mean log p of its tokens.</param>
/// <param name="Interval">95 % bootstrap interval over rows, low and high.</param>
/// <param name="PercentBySum">The same by sums of log p, which favour short choices.</param>
/// <param name="Chance">What guessing would get.</param>
/// <param name="Rows">Rows measured.</param>
/// <param name="Skipped">Rows left out, by reason.</param>
public sealed record ChoiceResult(string Name, double Percent, double[]? Interval, double PercentBySum, double Chance, int Rows,
    IReadOnlyDictionary<string, long> Skipped)
{
    /// <inheritdoc cref="TextResult.LeftOut"/>
    [JsonIgnore]
    public string? LeftOut => new SkipCounts(Skipped).Sentence(Name, Rows);
}
