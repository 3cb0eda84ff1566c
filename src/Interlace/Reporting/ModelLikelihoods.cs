using System.Text.Json.Nodes;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>What likelihoods say of one model.</summary>
/// <param name="Name">dense, dropped, recovered, or another name.</param>
/// <param name="Texts">Perplexities of files of texts.</param>
/// <param name="Choices">Shares of right choices of files of choices, in percent.</param>
/// <param name="Ratio">Geometric mean over files of perplexity / the baseline's; null where there is no baseline or no text.</param>
/// <param name="RatioInterval">Its 95 % interval, or the range of several runs.</param>
/// <param name="Runs">Runs that the numbers are means of; their intervals are ranges where there are several.</param>
public sealed record ModelLikelihoods(string Name, IReadOnlyList<LikelihoodScore> Texts, IReadOnlyList<LikelihoodScore> Choices,
    double? Ratio = null, Interval? RatioInterval = null, int Runs = 1)
{
    /// <summary>The numbers of one model.</summary>
    /// <param name="name">What the report calls it.</param>
    /// <param name="runs">Its runs, each beside the baseline's; null where there is none.</param>
    public static ModelLikelihoods Of(string name, IReadOnlyList<(LikelihoodRun Run, LikelihoodRun? Baseline)> runs)
    {
        var ratios = runs.Select(run => RatioOf(run.Run, run.Baseline)).OfType<PerplexityRatio>().ToArray();
        return new(name,
            Merged(runs.SelectMany(run => run.Run.File.Texts.Select(text => new LikelihoodScore(text.Name, text.Perplexity,
                Ends(text.Interval)))), GeometricMean),
            Merged(runs.SelectMany(run => run.Run.File.Choices.Select(choice => new LikelihoodScore(choice.Name, choice.Percent,
                Ends(choice.Interval)))), Enumerable.Average),
            ratios.Length == 0 ? null : GeometricMean(ratios.Select(ratio => ratio.Ratio)),
            ratios.Length switch
            {
                0 => null,
                1 => Ends(ratios[0].RatioInterval),
                _ => new(ratios.Min(ratio => ratio.Ratio), ratios.Max(ratio => ratio.Ratio)),
            }, runs.Count);
    }

    /// <summary>Models by name, each with its numbers by file.</summary>
    public static JsonObject ToJson(IEnumerable<ModelLikelihoods> models) =>
        new(models.Select(model => KeyValuePair.Create(model.Name, (JsonNode?)new JsonObject
        {
            ["perplexity"] = ByName(model.Texts), ["choices"] = ByName(model.Choices), ["perplexity_ratio"] = model.Ratio,
        })));

    private static JsonObject ByName(IEnumerable<LikelihoodScore> scores) =>
        new(scores.Select(score => KeyValuePair.Create(score.Name, (JsonNode?)score.Value)));

    /// <summary>Over the files that both have; null where they share none.</summary>
    private static PerplexityRatio? RatioOf(LikelihoodRun run, LikelihoodRun? baseline) =>
        baseline is null || !run.Texts.Keys.Any(baseline.Texts.ContainsKey) ? null
            : LikelihoodComparison.Of([baseline, run], run.File.Seed, force: true).Runs[0].AllTexts;

    private static LikelihoodScore[] Merged(IEnumerable<LikelihoodScore> scores, Func<IEnumerable<double>, double> mean) =>
        [.. scores.GroupBy(score => score.Name).Select(same => same.Count() == 1 ? same.First()
            : new LikelihoodScore(same.Key, mean(same.Select(score => score.Value)),
                new(same.Min(score => score.Value), same.Max(score => score.Value))))];

    private static double GeometricMean(IEnumerable<double> values) => Math.Exp(values.Average(Math.Log));

    private static Interval? Ends(double[]? interval) => interval is [var low, var high] ? new(low, high) : null;
}
