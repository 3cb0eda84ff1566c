namespace Interlace.Evaluation.Comparing;

/// <summary>
/// The paper's averages (evaluation rule 12): plain means of decimal numbers, rounded half to even on the exact decimal.
/// The overall average is the mean of the benchmarks, not of the groups.
/// </summary>
public static class PaperArithmetic
{
    /// <summary>The plain mean; the sum is exact.</summary>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    public static decimal Mean(IEnumerable<decimal> values) => values.Average();

    /// <summary>The mean of means by the number of values behind each, which is the mean of all values.</summary>
    public static decimal WeightedMean(IEnumerable<(decimal Mean, int Count)> groups)
    {
        (decimal Mean, int Count)[] all = [.. groups];
        return all.Sum(group => group.Mean * group.Count) / all.Sum(group => group.Count);
    }

    /// <summary>Retention in percent, 100 x score / baseline; null where the baseline is 0.</summary>
    public static decimal? Retention(decimal score, decimal baseline) => baseline == 0 ? null : 100 * score / baseline;

    /// <summary>Relative performance: the mean over benchmarks of score / baseline, in percent;
    /// benchmarks whose baseline is 0 are left out, null where none is left.</summary>
    public static decimal? RelativePerformance(IEnumerable<(decimal Score, decimal Baseline)> benchmarks)
    {
        decimal[] retentions = [.. benchmarks.Select(b => Retention(b.Score, b.Baseline)).OfType<decimal>()];
        return retentions.Length == 0 ? null : Mean(retentions);
    }

    /// <summary>Rounded to <paramref name="places"/> decimal places, half to even: 37.125 is 37.12.</summary>
    public static decimal Round(decimal value, int places = 1) => Math.Round(value, places, MidpointRounding.ToEven);

    /// <summary>
    /// A measured percentage as the decimal it stands for: rounded to twelve places,
    /// so that 100 x 297 / 800 is 37.125 and not the double beside it.
    /// </summary>
    public static decimal Exact(double percent) => Math.Round((decimal)percent, 12, MidpointRounding.ToEven);
}
