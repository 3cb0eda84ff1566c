using Interlace.Pruning.Losses;

namespace Interlace.Pruning;

/// <summary>
/// SLEB (Song et al. 2024; paper 4.4): layers in the order in which a search removes them,
/// each time the one without which the loss is lowest. As many layers are tuned (SLEB-FT);
/// the paper does not say which: here the next layer after each dropped one that is left and not tuned yet,
/// where there is none the nearest before it.
/// </summary>
public static class Sleb
{
    /// <summary>Takes the first layers of the order.</summary>
    /// <exception cref="PlanException">The order is missing or too short, or more layers are to go than may.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        int largest = Math.Min(SlebSearch.Largest(evidence.LayerCount, evidence.ProtectedLayers), evidence.LayerCount / 2);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest,
                "as many others are tuned, and the first, the last and all protected layers stay");
        if (dropCount == 0) return PruningPlan.Create(evidence.LayerCount, [], []);

        var order = Order(evidence, dropCount);
        var tuned = Tuned(evidence.LayerCount, [.. order.Select(removal => removal.Layer).Order()]);
        PlanChoice[] choices = [.. order.Select((removal, i) => new PlanChoice([removal.Layer], [removal.Layer], [tuned[removal.Layer]],
            removal.Loss,
            $"Drop layer {removal.Layer} in round {i + 1}: without it the loss is lowest; "
                + $"layer {tuned[removal.Layer]} is tuned in its place."))];
        return PruningPlan.Create(evidence.LayerCount, choices.SelectMany(choice => choice.Drop), choices.SelectMany(choice => choice.Tune),
            new() { Choices = choices });
    }

    /// <summary>
    /// The first layers of the order. The search lets no layer go whose loss is high, so a layer that writes an attention sink is mostly
    /// none of them; where such layers are kept it is passed over, and losses of later rounds are of the order as it was searched.
    /// </summary>
    private static Removal[] Order(Evidence evidence, int count)
    {
        Removal[] kept = [.. evidence.RequireRemovalOrder(count).Where(removal => evidence.IsDroppable(removal.Layer)).Take(count)];
        if (kept.Length < count) evidence.RequireRemovalOrder(evidence.RemovalOrder!.Count + count - kept.Length);   // says how to go on
        return kept;
    }

    /// <summary>The layer that is tuned for each dropped one.</summary>
    private static Dictionary<int, int> Tuned(int layerCount, int[] dropped)
    {
        var free = new SortedSet<int>(Enumerable.Range(0, layerCount).Except(dropped));
        var tuned = new Dictionary<int, int>();
        foreach (int layer in dropped)
        {
            tuned[layer] = free.Any(other => other > layer) ? free.First(other => other > layer) : free.Max;
            free.Remove(tuned[layer]);
        }
        return tuned;
    }
}
