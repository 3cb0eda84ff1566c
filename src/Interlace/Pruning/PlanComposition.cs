namespace Interlace.Pruning;

/// <summary>Plans that were carried out one after the other, as one plan for the first model.</summary>
public static class PlanComposition
{
    /// <summary>
    /// The layers that any of the plans drops, and of those that stay the ones that any of them tunes,
    /// in the numbering of the first plan's model. The account is the first plan's, with the picks of all.
    /// </summary>
    /// <param name="rounds">The plans in order; each is for the model that the one before it leaves.</param>
    /// <param name="ratio">The fraction of layers that they drop together.</param>
    /// <exception cref="PlanException">There is none, or one is for a model of another depth than the one before it leaves.</exception>
    public static PruningPlan Compose(IReadOnlyList<PruningPlan> rounds, double ratio)
    {
        if (rounds.Count == 0) throw new PlanException("There is no plan to put together.");
        int[] original = [.. Enumerable.Range(0, rounds[0].LayerCount)];   // of each layer of the model at hand
        HashSet<int> drop = [], tune = [];
        var choices = new List<(int Round, PlanChoice Choice)>();
        foreach (var (r, plan) in rounds.Index())
        {
            if (plan.LayerCount != original.Length)
            {
                throw new PlanException($"The plan of round {r + 1} is for {plan.LayerCount} decoder layers, "
                    + $"round {r} leaves {original.Length}.");
            }
            int[] Original(IEnumerable<int> layers) => [.. layers.Select(layer => original[layer])];
            drop.UnionWith(Original(plan.Drop));
            tune.UnionWith(Original(plan.Tune));
            choices.AddRange(plan.Origin.Choices.Select(choice =>
                (r + 1, choice with { Layers = Original(choice.Layers), Drop = Original(choice.Drop), Tune = Original(choice.Tune) })));
            original = Original(plan.Kept);
        }
        tune.ExceptWith(drop);   // tuned in one round and dropped in a later one
        return PruningPlan.Create(rounds[0].LayerCount, drop, tune, rounds[0].Origin with
        {
            Ratio = ratio,
            Choices = [.. choices.Select(c => c.Choice with { Tune = [.. c.Choice.Tune.Where(tune.Contains)],
            Reason = Reason(c.Round, c.Choice) })],
            Warnings = [.. rounds.SelectMany(plan => plan.Origin.Warnings).Distinct(),
            $"Made in {rounds.Count} rounds: before each, similarities were measured anew on the model that the round before it had "
                + "pruned and tuned; those shown are of the first."],
        });
    }

    private static string Reason(int round, PlanChoice choice) =>
        $"Round {round} dropped {List(choice.Drop)}" + (choice.Tune.Count > 0 ? $" and tuned {List(choice.Tune)}." : ".");

    private static string List(IReadOnlyList<int> layers) =>
        layers.Count == 0 ? "no layer" : $"{(layers.Count == 1 ? "layer" : "layers")} {string.Join(", ", layers)}";
}
