using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>The plans of all methods side by side, from one calibration.</summary>
public static class PlanComparison
{
    /// <summary>The paper's ratios (4.2).</summary>
    public static IReadOnlyList<double> Ratios { get; } = [0.10, 0.15, 0.20, 0.25];

    /// <summary>Every method with every ratio, methods in the order of <see cref="Methods.Table"/>.</summary>
    /// <param name="plan">The plan of some options.</param>
    /// <param name="options">Selection, tokens and protection; method and ratio are replaced.</param>
    /// <param name="ratios">The ratios.</param>
    public static IReadOnlyList<ComparedPlan> Of(Func<PlanOptions, PruningPlan> plan, PlanOptions options, IReadOnlyList<double> ratios)
    {
        var rows = new List<ComparedPlan>();
        foreach (string method in Methods.Table.Keys)
            foreach (double ratio in ratios)
            {
                int[] first = [.. rows.FirstOrDefault(row => row.Ratio == ratio)?.Plan?.Drop ?? []];
                try
                {
                    var made = plan(options with { Method = method, Ratio = ratio });
                    rows.Add(new(method, ratio, made, null, rows.Count < ratios.Count
                        ? made.Drop.Length : made.Drop.Count(first.Contains)));
                }
                catch (InputException e)   // of a plan, or of evidence that was not measured
                {
                    rows.Add(new(method, ratio, null, e.Message, 0));
                }
            }
        return rows;
    }
}
