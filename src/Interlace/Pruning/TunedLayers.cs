using System.Text.Json.Serialization;
using Interlace.Pruning.Bridging;

namespace Interlace.Pruning;

/// <summary>
/// Which layers of a plan are tuned, whatever its method says: the nearest layers that stay before or behind each gap, as many as the gap
/// has dropped layers. Where too few stay on that side the nearest on the other side make up the number.
/// </summary>
internal static class TunedLayers
{
    /// <summary>The plan with the tuned layers that a rule says; as it is where it drops nothing or the method decides.</summary>
    public static PruningPlan In(PruningPlan plan, TuneRule rule)
    {
        if (rule == TuneRule.Method || plan.Drop.IsEmpty) return plan;
        var gaps = DroppedRun.Of(plan);
        var (before, behind) = (new Dictionary<DroppedRun, int[]>(), new Dictionary<DroppedRun, int[]>());
        if (rule is TuneRule.Before or TuneRule.Both) before = Nearest(plan, gaps, down: true, alone: rule == TuneRule.Before);
        if (rule is TuneRule.Behind or TuneRule.Both) behind = Nearest(plan, gaps, down: false, alone: rule == TuneRule.Behind);
        int[] Of(DroppedRun gap) => [.. before.GetValueOrDefault(gap, []).Union(behind.GetValueOrDefault(gap, [])).Order()];
        string name = SelectionRules.Spelled(rule);
        PlanChoice[] tuned = rule == TuneRule.None ? [] : [.. gaps.Select(gap => new PlanChoice([.. gap.Layers.Union(Of(gap)).Order()],
            gap.Layers, Of(gap), null, $"Tune {List(Of(gap))} beside {List(gap.Layers)}: plan.tune is {name}."))];
        return PruningPlan.Create(plan.LayerCount, plan.Drop, gaps.SelectMany(Of).Distinct(), plan.Origin with
        {
            Choices = [.. plan.Origin.Choices.Select(choice => choice.Tune.Count == 0 ? choice : choice with
            {
                Tune = [], Reason = $"{choice.Reason} What the method tunes is replaced: plan.tune is {name}.",
            }), .. tuned],
        });
    }

    /// <summary>For each gap the layers on one side, those next to a gap being its own before they are another's.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="gaps">Its gaps, ascending.</param>
    /// <param name="down">Before the gaps; else behind them.</param>
    /// <param name="alone">Layers on the other side make up the number.</param>
    private static Dictionary<DroppedRun, int[]> Nearest(PruningPlan plan, IReadOnlyList<DroppedRun> gaps, bool down, bool alone)
    {
        var free = new SortedSet<int>(plan.Kept);
        var found = gaps.ToDictionary(gap => gap, _ => new List<int>());
        foreach (var gap in down ? gaps : gaps.Reverse()) Take(gap, down);
        foreach (var gap in alone ? gaps : []) Take(gap, !down);
        return found.ToDictionary(gap => gap.Key, gap => gap.Value.ToArray());

        void Take(DroppedRun gap, bool below)
        {
            int[] side = [.. below ? free.Where(layer => layer <= gap.Before).Reverse() : free.Where(layer => layer >= gap.After)];
            int[] taken = [.. side.Take(gap.Layers.Length - found[gap].Count)];
            found[gap].AddRange(taken);
            free.ExceptWith(taken);
        }
    }

    private static string List(int[] layers) => layers.Length == 0 ? "no layer"
        : $"{(layers.Length == 1 ? "layer" : "layers")} {string.Join(", ", layers)}";
}

/// <summary>Which layers of a plan are tuned.</summary>
[JsonConverter(typeof(Spelling<TuneRule>))]
public enum TuneRule
{
    /// <summary>Those that the method names.</summary>
    Method,

    /// <summary>The nearest before each gap.</summary>
    Before,

    /// <summary>The nearest behind each gap.</summary>
    Behind,

    /// <summary>The nearest on both sides, as many on each as the gap has layers.</summary>
    Both,

    /// <summary>None.</summary>
    None,
}
