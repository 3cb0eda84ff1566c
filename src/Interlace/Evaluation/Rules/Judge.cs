using System.Numerics;
using Interlace.Evaluation.Python;

namespace Interlace.Evaluation.Rules;

/// <summary>Instruction following graded by a judge (MIA-Bench; evaluation rule 11).</summary>
public static class Judge
{
    /// <summary>The key of the headline.</summary>
    public const string TotalScore = "total_score";

    /// <summary>
    /// The scores (0 to 1) a judge's first sentence gives, by component type, and <see cref="TotalScore"/>;
    /// null where the reply departs from the format in any way,
    /// as in the published program, which drops such rows.
    /// </summary>
    /// <param name="reply">What the judge wrote.</param>
    /// <param name="componentTypeCell">The row's component types, such as <c>['describe', 'grammar']</c>;
    /// of a type named twice the later score stays.</param>
    public static IReadOnlyDictionary<string, double>? Parse(string reply, string componentTypeCell)
    {
        string[] types = componentTypeCell.Length < 4 ? [""] : componentTypeCell[2..^2].Split("', '");
        string[] parts = reply.Split('.')[0].Split(',');
        if (parts.Length < 2 || parts.Length - 1 > types.Length) return null;
        OrderedDictionary<string, double> scores = new(StringComparer.Ordinal);
        for (int i = 0; i < parts.Length; i++)
        {
            if (Fraction(parts[i]) is not { } value) return null;
            scores[i < parts.Length - 1 ? types[i] : TotalScore] = value;
        }
        return scores;
    }

    /// <summary>
    /// The mean of each component type and of the total over the rows that have it, in percent.
    /// Rows without a readable reply are left out and counted
    /// (<see cref="Score.JudgeFailures"/>); without any reply the benchmark is not evaluated.
    /// </summary>
    public static Score Score(IReadOnlyList<Prediction> predictions)
    {
        var rows = predictions.Select(p => (p.Row, Scores: p.JudgeReply is { } reply ? Parse(reply, p.Row["component_type"] ?? "") : null))
            .ToArray();
        OrderedDictionary<string, double> means = new(StringComparer.Ordinal);
        var parsed = rows.Where(row => row.Scores is not null).ToArray();
        if (parsed.Length > 0) means["Overall"] = 100 * parsed.Average(row => row.Scores![TotalScore]);
        foreach (var key in parsed.SelectMany(row => row.Scores!).GroupBy(score => score.Key, score => score.Value))
            means.TryAdd(key.Key, 100 * key.Average());
        int asked = predictions.Count(p => p.JudgeReply is not null || p.JudgeFailed);
        return new()
        {
            Percent = parsed.Length > 0 ? means["Overall"] : null,
            SubScores = means,
            JudgeFailures = asked - parsed.Length,
            Rows = [.. rows.Select(row => new RowScore(row.Row.Index, row.Scores?[TotalScore] ?? 0, Failed: row.Scores is null))],
            Rule = HeadlineRule.Mean,
            Units = [.. parsed.Select(row => new SamplingUnit(row.Row.Index, [row.Scores![TotalScore], 1]))],
            Note = asked == 0 ? "Not evaluated: only a judge can score it, and none was asked." :
                parsed.Length < rows.Length
                    ? $"{rows.Length - parsed.Length} of {rows.Length} rows have no readable grade and are left out."
                    : null,
        };
    }

    /// <summary>What <c>name: n/m</c> says, the character after the colon dropped unseen.</summary>
    private static double? Fraction(string part)
    {
        if (part.Split(':') is not [_, { } after, ..]) return null;
        string[] pieces = (after.Length > 0 ? after[1..] : after).Split('/');
        if (pieces.Length < 2 || !PythonText.TryInteger(pieces[0], out BigInteger n) || !PythonText.TryInteger(pieces[1], out BigInteger m)
            || m.IsZero)
            return null;
        double value = (double)n / (double)m;
        return double.IsFinite(value) ? value : null;
    }
}
