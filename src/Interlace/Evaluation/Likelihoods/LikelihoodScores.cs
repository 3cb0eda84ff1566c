using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>Likelihoods of rows in, scores out; a row is the unit that intervals are drawn from.</summary>
internal static class LikelihoodScores
{
    /// <summary>The perplexity of texts as a score whose headline is no percentage.</summary>
    public static Score OfTexts(IEnumerable<RowLikelihood> rows) =>
        Of(HeadlineRule.Perplexity, rows.Select(row => new SamplingUnit(Key(row), [-row.LogLikelihoods[0], row.Tokens[0]])));

    /// <summary>The share of right choices.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="bySum">By sums of log p, not by means.</param>
    public static Score OfChoices(IEnumerable<RowLikelihood> rows, bool bySum = false) =>
        Of(HeadlineRule.Mean, rows.Select(row =>
            new SamplingUnit(Key(row), [(bySum ? row.ChoiceBySum : row.Choice) == row.Answer ? 1 : 0, 1])));

    /// <summary>The result of a file of texts.</summary>
    public static TextResult Result(string name, IReadOnlyList<RowLikelihood> rows, IReadOnlyDictionary<string, long> skipped, int seed)
    {
        var score = OfTexts(rows);
        long tokens = rows.Sum(row => (long)row.Tokens[0]);
        double loss = rows.Sum(row => -row.LogLikelihoods[0]) / tokens;
        return new(name, score.Percent!.Value, Ends(Bootstrap.Headline(score, seed)), loss, rows.Count, tokens, skipped);
    }

    /// <summary>The result of a file of choices.</summary>
    public static ChoiceResult ChoiceResult(string name, IReadOnlyList<RowLikelihood> rows, IReadOnlyDictionary<string, long> skipped,
        int seed)
    {
        var score = OfChoices(rows);
        double chance = 100 * rows.Average(row => 1.0 / row.Tokens.Length);
        return new(name, score.Percent!.Value, Ends(Bootstrap.Headline(score, seed)), OfChoices(rows, bySum: true).Percent!.Value, chance,
            rows.Count, skipped);
    }

    private static Score Of(HeadlineRule rule, IEnumerable<SamplingUnit> units)
    {
        SamplingUnit[] all = [.. units];
        double[] sums = [all.Sum(unit => unit.Sums[0]), all.Sum(unit => unit.Sums[1])];
        return new()
        {
            Percent = Score.Headline(rule, sums), SubScores = new Dictionary<string, double>(), Rows = [], Rule = rule, Units = all,
        };
    }

    private static string Key(RowLikelihood row) => $"{row.Row}";

    private static double[]? Ends(Interval? interval) => interval is { } i ? [i.Low, i.High] : null;
}
