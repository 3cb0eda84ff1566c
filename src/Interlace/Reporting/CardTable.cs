namespace Interlace.Reporting;

/// <summary>Numbers of one kind on a card: each is a row of a table, and an entry of the hub's index.</summary>
/// <param name="Heading">What a row is.</param>
/// <param name="Metric">The index's name for the numbers.</param>
/// <param name="How">How they came about, for the index.</param>
/// <param name="Sentence">The same for people, without a full stop.</param>
/// <param name="Format">Digits in the table.</param>
/// <param name="HasBaseline">The unpruned model was measured too.</param>
/// <param name="Rows">The numbers.</param>
/// <param name="Average">Their average, which is no entry of the index; null where there is none.</param>
internal sealed record CardTable(string Heading, string Metric, string How, string Sentence, string Format, bool HasBaseline,
    IReadOnlyList<CardRow> Rows, CardRow? Average = null)
{
    private const string Baseline = "dense";

    /// <summary>What a run measured of a model.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">What the run calls the model.</param>
    public static IEnumerable<CardTable> Of(ReportData run, string model)
    {
        if (run.Models.FirstOrDefault(m => m.Name == model) is { Benchmarks.Count: > 0 } scores)
        {
            var dense = run.Models.FirstOrDefault(m => m.Name == Baseline);
            string protocol = (run.Protocol ?? "").Split("; relative to ")[0];   // no relative number stands here
            yield return new("benchmark", "score", $"percent; {protocol}", $"In percent; {protocol}", "0.0", dense is not null,
                [.. scores.Benchmarks.Select(benchmark => new CardRow(benchmark.Benchmark, benchmark.Score,
                    dense?.Benchmarks.FirstOrDefault(b => b.Benchmark == benchmark.Benchmark)?.Score))],
                new("average", scores.Average, dense?.Average));
        }
        if (run.Likelihoods.FirstOrDefault(m => m.Name == model) is not { } likelihoods) yield break;
        var before = run.Likelihoods.FirstOrDefault(m => m.Name == Baseline);
        if (likelihoods.Choices.Count > 0)
            yield return new("choices", "accuracy", "percent of the right choices, by likelihood",
                "Right choices in percent, by likelihood", "0.0", before is not null, Paired(likelihoods.Choices, before?.Choices));
        if (likelihoods.Texts.Count > 0)
            yield return new("texts", "perplexity", "perplexity", "Perplexity: less is better", "0.00", before is not null,
                Paired(likelihoods.Texts, before?.Texts));
    }

    private static CardRow[] Paired(IReadOnlyList<LikelihoodScore> scores, IReadOnlyList<LikelihoodScore>? before) =>
        [.. scores.Select(score => new CardRow(score.Name, score.Value, before?.FirstOrDefault(b => b.Name == score.Name)?.Value))];
}
