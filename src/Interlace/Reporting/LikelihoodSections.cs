namespace Interlace.Reporting;

/// <summary>Perplexities and choices by likelihood in a report, apart from the scores of benchmarks.</summary>
internal static class LikelihoodSections
{
    /// <summary>The section of some models.</summary>
    /// <param name="models">The models, the baseline first.</param>
    /// <param name="number">Its place among such sections.</param>
    /// <param name="note">Of which model and how it was measured; null for nothing to say.</param>
    /// <param name="remarks">What a reader must be told.</param>
    public static Section Of(IReadOnlyList<ModelLikelihoods> models, int number = 0, string? note = null,
        IEnumerable<string>? remarks = null)
    {
        string suffix = number == 0 ? "" : $"-{number + 1}";
        return new($"Perplexity and choices by likelihood{(number == 0 ? "" : $" ({number + 1})")}",
        [
            .. models.Any(model => model.Texts.Count > 0) ? Texts(models, suffix) : [],
            .. models.Any(model => model.Choices.Count > 0) ? Choices(models, suffix) : [],
            .. (note is null ? [] : (string[])[note]).Concat(remarks ?? []).Select(text => new Paragraph(text, Quiet: true)),
        ]);
    }

    /// <summary>The numbers on top of a report of one run.</summary>
    public static IEnumerable<Tile> Tiles(ModelLikelihoods model) => model.Texts.Take(1).Select(text =>
        new Tile(Numbers.Perplexity(text.Value), $"{model.Name}, perplexity of {text.Name}",
            text.Interval is { } i ? $"95 %: {Numbers.Perplexity(i.Low)}–{Numbers.Perplexity(i.High)}" : ""));

    private static IEnumerable<Block> Texts(IReadOnlyList<ModelLikelihoods> models, string suffix)
    {
        string[] names = Names(models.SelectMany(model => model.Texts));
        yield return new Paragraph("Perplexity is exp of the mean of -log p over all predicted tokens: "
            + $"the lower, the likelier a model finds the texts. The last column is the geometric mean over files "
            + $"of the quotient by {models[0].Name}'s. "
            + "Small print: 95 % intervals over rows, paired for quotients; of several runs the range.");
        yield return Figure.Of(Charts.Perplexities("perplexity" + suffix, "Perplexity of texts by model, on a logarithmic axis", models),
            $"Perplexity on a logarithmic axis; thin lines stand at {models[0].Name}'s.");
        yield return new Table("perplexity" + suffix, "model",
            [.. names.Select(name => new Column(name)), new($"times {models[0].Name}'s")],
            [.. models.Where(model => model.Texts.Count > 0).Select(model => new Row(model.Name,
            [
                .. names.Select(name => Find(model.Texts, name) is { } score
                    ? Cell.Perplexity(score.Value, score.Interval, Notes(model)) : Cell.Empty),
                Cell.SpeedUp(model.Ratio, model.RatioInterval, null, model.Ratio is null ? [] : Notes(model)),
            ]))]);
    }

    private static IEnumerable<Block> Choices(IReadOnlyList<ModelLikelihoods> models, string suffix)
    {
        string[] names = Names(models.SelectMany(model => model.Choices));
        yield return new Paragraph("Share of rows, in percent, whose right choice has the highest mean log p of its tokens.");
        yield return new Table("choices" + suffix, "model", [.. names.Select(name => new Column(name))],
            [.. models.Where(model => model.Choices.Count > 0).Select(model => new Row(model.Name,
                [.. names.Select(name => Find(model.Choices, name) is { } score
                    ? Cell.Percent(score.Value, score.Interval, null, Notes(model)) : Cell.Empty)]))]);
    }

    private static string[] Notes(ModelLikelihoods model) => model.Runs > 1 ? [$"range of {model.Runs} runs"] : [];

    private static string[] Names(IEnumerable<LikelihoodScore> scores) =>
        [.. scores.Select(score => score.Name).Distinct(StringComparer.Ordinal)];

    private static LikelihoodScore? Find(IEnumerable<LikelihoodScore> scores, string name) =>
        scores.FirstOrDefault(score => score.Name == name);
}
