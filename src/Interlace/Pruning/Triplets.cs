namespace Interlace.Pruning;

/// <summary>
/// Interlace (paper 3.3, Algorithm 1): the most similar triplets of neighbouring layers, none sharing a layer.
/// Of the first two layers of each the more similar one
/// is dropped and the other tuned; the third stays frozen as an anchor.
/// A guard makes the result exactly K layers wherever K triplets exist; it changes
/// nothing where the paper's algorithm reaches K by itself.
/// <see cref="SelectionRules"/> replaces it, and decides ties, as the authors' code does. Indices are 0-based, as in checkpoints.
/// </summary>
public static class Triplets
{
    private const int Width = 3;

    /// <summary>The paper's method. Equal layer similarities drop the second layer; equal triplets: the lower start first.</summary>
    /// <exception cref="PlanException">Similarities are missing, or fewer triplets exist than layers to drop.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        var similarity = evidence.RequireLayerSimilarity(options.Rules.LastSpan);
        var choices = Assign(evidence, dropCount, options, start => MoreSimilar.OfTwo(similarity, start, options.Rules.Ties));
        if (choices.Count < dropCount && options.Rules.Shortage == Shortage.Pairs)
            choices.AddRange(Pairs.Fill(evidence, dropCount - choices.Count, choices.SelectMany(choice => choice.Layers), options.Rules));
        return Plan(evidence, dropCount, choices, options.Rules.Shortage == Shortage.Pairs ? "triplets and pairs" : "triplets");
    }

    /// <summary>Interlace-Ordered-Assignment (paper 4.5): the same triplets;
    /// the first layer is dropped, the second tuned, the third frozen.</summary>
    /// <exception cref="PlanException">Similarities are missing, or fewer triplets exist than layers to drop.</exception>
    public static PruningPlan SelectOrdered(Evidence evidence, int dropCount, MethodOptions options) =>
        Plan(evidence, dropCount, Assign(evidence, dropCount, options, _ => (true, "the first layer is dropped by rule")), "triplets");

    /// <param name="dropFirst">Says for a start whether the first layer of the triplet is to be dropped rather than the second,
    /// and why.</param>
    private static List<PlanChoice> Assign(Evidence evidence, int dropCount, MethodOptions options, Func<int,
        (bool First, string Reason)> dropFirst)
    {
        var similarity = evidence.RequireTripletSimilarity(options.Rules.LastSpan);
        var choices = new List<PlanChoice>();
        foreach (int start in Starts(evidence, dropCount, options, similarity))
        {
            // At most one of the two is kept here: triplets in which both are were never candidates.
            var (first, reason) = !evidence.IsDroppable(start) ? (false, evidence.WhyKept(start))
                : !evidence.IsDroppable(start + 1) ? (true, evidence.WhyKept(start + 1)) : dropFirst(start);
            var (drop, tune) = first ? (start, start + 1) : (start + 1, start);
            choices.Add(new([start, start + 1, start + 2], [drop], [tune], similarity[start],
                $"Drop layer {drop} and tune layer {tune}, because {reason}; layer {start + 2} stays frozen."));
        }
        return choices;
    }

    private static PruningPlan Plan(Evidence evidence, int dropCount, List<PlanChoice> choices, string units)
    {
        if (choices.Count < dropCount)
        {
            throw new PlanException($"{dropCount} of {evidence.LayerCount} layers are to be dropped, but picking by falling similarity "
                + $"finds only {choices.Count} {units} that share no layer: drop fewer, or set plan.shortage=guard.");
        }
        return PruningPlan.Create(evidence.LayerCount, choices.SelectMany(choice => choice.Drop), choices.SelectMany(choice => choice.Tune),
            new() { Choices = choices });
    }

    /// <summary>As many as are to be dropped; under another rule than the guard perhaps fewer.</summary>
    private static IEnumerable<int> Starts(Evidence evidence, int dropCount, MethodOptions options, IReadOnlyList<double> similarity)
    {
        int first = Math.Max(0, evidence.ProtectedLayers - 1), end = options.Rules.EndOf(evidence.LayerCount);
        int[] ranking = [.. Enumerable.Range(0, similarity.Count)
            .Where(start => evidence.IsDroppable(start) || evidence.IsDroppable(start + 1)).OrderByDescending(start => similarity[start])];
        if (options.Rules.Shortage != Shortage.Guard)
        {
            return options.Selection == Selection.Greedy ? DisjointWindows.Plain(evidence.LayerCount, Width, dropCount, ranking)
                : throw new PlanException("plan.selection=optimal finds as many triplets as there are: set plan.shortage=guard with it.");
        }
        int largest = DisjointWindows.Capacity(end, Width, ranking);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest,
                first == 0 ? "each takes three layers of its own" : $"each takes three layers of its own from layer {first} on, "
                    + $"the first {evidence.ProtectedLayers} layers being protected");
        return options.Selection switch
        {
            Selection.Greedy => DisjointWindows.Greedy(end, Width, dropCount, ranking),
            Selection.Optimal => Optimal(similarity, first, [.. ranking], dropCount).OrderByDescending(start => similarity[start]),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Selection, null),
        };
    }

    /// <summary>
    /// The disjoint triplets with the largest sum of similarities, ascending; among equal sums the one with lower starts.
    /// Dynamic programming over (start, picks that remain): O(L K).
    /// </summary>
    private static IEnumerable<int> Optimal(IReadOnlyList<double> similarity, int first, HashSet<int> starts, int count)
    {
        int end = similarity.Count;
        // best[start, n]: largest sum of n disjoint triplets that start at or after `start`.
        var best = new double[end + Width, count + 1];
        for (int start = end + Width - 1; start >= first; start--)
            for (int n = 1; n <= count; n++)
                best[start, n] = start >= end ? double.NegativeInfinity : Math.Max(best[start + 1, n], Taken(start, n));

        for (int start = first, n = count; n > 0;)
        {
            if (Taken(start, n) < best[start + 1, n])
            {
                start++;
                continue;
            }
            yield return start;
            (start, n) = (start + Width, n - 1);
        }

        double Taken(int start, int n) => starts.Contains(start) ? similarity[start] + best[start + Width, n - 1] : double.NegativeInfinity;
    }
}
