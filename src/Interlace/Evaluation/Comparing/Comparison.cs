using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;

namespace Interlace.Evaluation.Comparing;

/// <summary>How runs stand to a baseline: what <see cref="RunComparison"/> finds. Numbers are percentages, unrounded.</summary>
/// <param name="Baseline">The run that the others are measured by.</param>
/// <param name="Runs">The others.</param>
/// <param name="LeftOut">Benchmarks that are not in every run, each with the reason.</param>
/// <param name="Differences">Why the runs are not comparable, where the comparison was forced; empty otherwise.</param>
public sealed record Comparison(string Format, string CreatedBy, int Seed, ComparedRun Baseline, ComparedRun[] Runs, string[] LeftOut,
    string[] Differences)
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-comparison/1";

    /// <summary>The comparison as JSON.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ArtefactJson.Readable<Comparison>())!;
}

/// <summary>One run of a comparison, with what its numbers cannot be read without.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Kind">dense, dense fine-tuned, pruned, pruned and fine-tuned, or unknown.</param>
/// <param name="DropRatio">Part of the layers that was dropped, 0 to 1; null where unknown.</param>
/// <param name="Method">How they were chosen, where known.</param>
/// <param name="Settings">Protocol, token limit, rules, judge.</param>
/// <param name="Benchmarks">Benchmarks that all runs have, in the baseline's order.</param>
/// <param name="Groups">Means of the benchmarks of a group.</param>
/// <param name="Overall">Mean over all of these benchmarks.</param>
/// <param name="Changes">How many answers are others than the baseline's; null for the baseline.</param>
public sealed record ComparedRun(string Name, string Kind, double? DropRatio, string? Method, EvaluationSettings Settings,
    Retained[] Benchmarks, Retained[] Groups, Retained Overall, AnswerChanges? Changes);

/// <summary>How many answers two runs do not share. For one model in two types of computation, or in batches of two sizes,
/// this is what rounding does.</summary>
/// <param name="Answers">Rows that both runs answered, as far as the answers are at hand.</param>
/// <param name="Texts">Those of them whose text differs.</param>
/// <param name="Questions">Questions that both runs have a score of: rows, or groups of rows that count together.</param>
/// <param name="Scores">Those of them that came out differently.</param>
public sealed record AnswerChanges(int Answers, int Texts, int Questions, int Scores);

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
