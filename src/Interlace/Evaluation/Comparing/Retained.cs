using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Comparing;

/// <summary>A score beside the baseline's.</summary>
/// <param name="Name">The benchmark, the group, or <c>overall</c>.</param>
/// <param name="Score">The score, or the mean of scores.</param>
/// <param name="Baseline">The baseline's, likewise.</param>
/// <param name="Retention">100 x score / baseline; of several benchmarks the mean of theirs (evaluation rule 12).
/// Null where the baseline is 0.</param>
/// <param name="RetentionInterval">95 % interval, low and high, from questions drawn together for both runs.</param>
/// <param name="DifferenceInterval">95 % interval of score - baseline in points, likewise.</param>
/// <param name="Questions">Questions drawn from.</param>
public sealed record Retained(string Name, double Score, double Baseline, double? Retention, double[]? RetentionInterval,
    double[]? DifferenceInterval, int Questions)
{
    /// <summary>Score - baseline in points.</summary>
    [JsonIgnore]
    public double Difference => Score - Baseline;
}
