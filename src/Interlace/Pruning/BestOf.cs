using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>
/// The best of several methods: each makes its plan, and the one whose pruned model has the lowest loss on samples is taken, the first
/// named of equals. So the plan is never worse, by that loss and before any tuning, than that of a method in the list.
/// </summary>
public static class BestOf
{
    /// <summary>Name of the method.</summary>
    public const string Name = "best";

    /// <summary>The methods of a list separated by commas.</summary>
    /// <exception cref="PlanException">One is unknown, drops nothing, is this one, or stands there twice.</exception>
    public static IReadOnlyList<string> Parse(string list)
    {
        string[] names = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0) throw new PlanException("plan.best_of names no method: name some, separated by commas.");
        foreach (string name in names)
        {
            Methods.Find(name);
            if (name is Name or "dense") throw new PlanException($"plan.best_of names '{name}', which has no plan of its own to compare.");
        }
        return names.Distinct(StringComparer.Ordinal).Count() == names.Length ? names
            : throw new PlanException($"plan.best_of names a method twice: {list}.");
    }

    /// <summary>Makes the plans of all and takes the best.</summary>
    /// <exception cref="PlanException">No method has a plan, or the losses were not measured.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);
        var rows = new List<(PruningPlan? Plan, BestRow Row)>();
        InputException? refusal = null;
        foreach (string name in options.BestOf)
        {
            PruningPlan plan;
            try
            {
                plan = Methods.Find(name).Select(evidence, dropCount, options);
            }
            catch (InputException e)   // of the plan, or of evidence that was not measured
            {
                refusal ??= e;
                rows.Add((null, new(name, [], [], null, null, e.Message)));
                continue;
            }
            var loss = evidence.RequirePlanLoss(plan.Drop);
            rows.Add((plan, new(name, [.. plan.Drop], [.. plan.Tune], loss.Loss, loss.BridgedLoss, null)));
        }
        double? Deciding(BestRow row) => options.BestBy == BestBy.Bridged ? row.BridgedLoss : row.Loss;
        var known = rows.Where(row => row.Plan is not null && Deciding(row.Row) is not null).ToArray();
        if (known.Length == 0)
        {
            throw rows.All(row => row.Plan is null)
                ? new PlanException($"None of the methods {string.Join(", ", options.BestOf)} has a plan; {options.BestOf[0]}: "
                    + refusal!.Message)
                : new PlanException(options.BestBy == BestBy.Bridged
                    ? "None of the plans has a loss with bridges, which this model may not take up: set plan.best_by=dropped."
                    : "None of the plans has a loss that is a number: measure it with --dtype fp32.");
        }
        var (best, chosen) = known.MinBy(row => Deciding(row.Row));
        return best!.With(best.Origin with { Chosen = chosen.Method, Compared = [.. rows.Select(row => row.Row)] });
    }
}

/// <summary>What decides which of several plans is the best.</summary>
public enum BestBy
{
    /// <summary>The loss of the pruned model as it is.</summary>
    Dropped,

    /// <summary>The loss with the dropped layers bridged in closed form.</summary>
    Bridged,
}

/// <summary>A method among those that were compared.</summary>
/// <param name="Method">Its name.</param>
/// <param name="Drop">The layers that its plan drops; none where it has no plan.</param>
/// <param name="Tune">Those that it tunes by itself.</param>
/// <param name="Loss">Mean cross-entropy of the pruned model as it is, on samples of the calibration.</param>
/// <param name="BridgedLoss">The same with its dropped layers bridged.</param>
/// <param name="Missing">Why it has no plan; null where it has one.</param>
public sealed record BestRow(string Method, int[] Drop, int[] Tune, double? Loss, double? BridgedLoss, string? Missing);
