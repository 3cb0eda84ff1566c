using System.Text.Json.Serialization;
using Interlace.Data;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>The perplexity of a file of texts; the lower, the likelier the model finds them.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Perplexity">exp(<paramref name="Loss"/>).</param>
/// <param name="Interval">95 % bootstrap interval over rows, low and high.</param>
/// <param name="Loss">Mean of -log p over all predicted tokens of all rows, in nats.</param>
/// <param name="Rows">Rows measured.</param>
/// <param name="Tokens">Predicted tokens: all of a row's window but the first.</param>
/// <param name="Skipped">Rows left out, by reason.</param>
public sealed record TextResult(string Name, double Perplexity, double[]? Interval, double Loss, int Rows, long Tokens,
    IReadOnlyDictionary<string, long> Skipped)
{
    /// <summary>How many rows were left out and why, as a sentence; null where none was.</summary>
    [JsonIgnore]
    public string? LeftOut => new SkipCounts(Skipped).Sentence(Name, Rows);
}
