using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>The score of a run on one benchmark. Percentages are unrounded.</summary>
public sealed record Score
{
    /// <summary>The headline in percent; null where the benchmark could not be evaluated (no judge, or no rows).</summary>
    public required double? Percent { get; init; }

    /// <summary>
    /// Other numbers by name: in percent, but counts where the name ends in <c>/count</c> or is <c>Final Score</c>.
    /// <c>Overall</c> repeats the headline.
    /// </summary>
    public required IReadOnlyDictionary<string, double> SubScores { get; init; }

    /// <summary>The share of rows, 0 to 1, whose answer could not be extracted (before a judge was asked);
    /// null where the kind extracts nothing.</summary>
    public double? ExtractionFailureRate { get; init; }

    /// <summary>The headline if every row whose extraction failed were right; null where the kind extracts nothing.
    /// The headline itself counts them wrong.</summary>
    public double? PercentIfFailuresWereRight { get; init; }

    /// <summary>Replies of the judge that could not be read; such rows count wrong, or are left out where the judge alone scores.</summary>
    public int JudgeFailures { get; init; }

    /// <summary>The scored rows, in the order of the scorer.</summary>
    public required IReadOnlyList<RowScore> Rows { get; init; }

    /// <summary>How the headline follows from the units.</summary>
    public required HeadlineRule Rule { get; init; }

    /// <summary>The units that are resampled for intervals.</summary>
    public required IReadOnlyList<SamplingUnit> Units { get; init; }

    /// <summary>What a reader must know about the headline, if anything.</summary>
    public string? Note { get; init; }

    /// <summary>A score whose headline is the mean over rows, each a unit of its own;
    /// <paramref name="subScores"/> has it as <c>Overall</c> where there are rows.</summary>
    internal static Score OfMean(IReadOnlyList<(BenchmarkRow Row, double Value)> rows, IReadOnlyDictionary<string, double> subScores,
        string? note = null) => new()
    {
        Percent = rows.Count > 0 ? subScores["Overall"] : null,
        SubScores = subScores,
        Rows = [.. rows.Select(row => new RowScore(row.Row.Index, row.Value))],
        Rule = HeadlineRule.Mean,
        Units = [.. rows.Select(row => new SamplingUnit(row.Row.Index, [row.Value, 1]))],
        Note = note,
    };

    private const double LargestLoss = 700;   // exp of more is no number

    /// <summary>The headline of summed units, in percent but for perplexities; null where nothing was summed.</summary>
    public static double? Headline(HeadlineRule rule, ReadOnlySpan<double> sums)
    {
        switch (rule)
        {
            case HeadlineRule.Mean:
                return sums is [_, > 0] ? 100 * sums[0] / sums[1] : null;
            case HeadlineRule.Perplexity:
                return sums is [_, > 0] ? Math.Exp(Math.Min(sums[0] / sums[1], LargestLoss)) : null;
            case HeadlineRule.F1:
                return sums.IsEmpty ? null : 100 * F1(sums[0], sums[1], sums[2]);
            default:
                double total = 0;
                int cycles = 0;
                for (int i = 0; i + 1 < sums.Length; i += 2)
                {
                    if (sums[i + 1] == 0) continue;
                    total += sums[i] / sums[i + 1];
                    cycles++;
                }
                return cycles == 0 ? null : 100 * total / cycles;
        }
    }

    /// <summary>The harmonic mean of precision and recall, 0 where it is undefined.</summary>
    public static double F1(double truePositives, double falsePositives, double falseNegatives)
    {
        double precision = Ratio(truePositives, truePositives + falsePositives),
            recall = Ratio(truePositives, truePositives + falseNegatives);
        return Ratio(2 * precision * recall, precision + recall);
    }

    /// <summary>A quotient, 0 where the divisor is 0.</summary>
    public static double Ratio(double a, double b) => b == 0 ? 0 : a / b;
}
