namespace Interlace.Pruning;

/// <summary>
/// Interlace (paper 3.3, Algorithm 1): the most similar triplets of neighbouring layers, none sharing a layer.
/// Of the first two layers of each the more similar one
/// is dropped and the other tuned; the third stays frozen as an anchor.
/// A guard makes the result exactly K layers wherever K triplets exist; it changes
/// nothing where the paper's algorithm reaches K by itself. Indices are 0-based, as in checkpoints.
/// </summary>
public static class Triplets
{
    private const int Width = 3;

    /// <summary>The paper's method. Equal layer similarities drop the second layer; equal triplets: the lower start first.</summary>
    /// <exception cref="PlanException">Similarities are missing, or fewer triplets exist than layers to drop.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        var similarity = evidence.RequireLayerSimilarity();
        return Assign(evidence, dropCount, options, start => similarity[start] > similarity[start + 1]
            ? (true,
                $"layer {start} is more similar than layer {start + 1} ({Number(similarity[start])} > {Number(similarity[start + 1])})")
            : (false, $"layer {start} is not more similar than layer {start + 1} ({Number(similarity[start])} <= "
                + $"{Number(similarity[start + 1])})"));
    }

    /// <summary>Interlace-Ordered-Assignment (paper 4.5): the same triplets;
    /// the first layer is dropped, the second tuned, the third frozen.</summary>
    /// <exception cref="PlanException">Similarities are missing, or fewer triplets exist than layers to drop.</exception>
    public static PruningPlan SelectOrdered(Evidence evidence, int dropCount, MethodOptions options) =>
        Assign(evidence, dropCount, options, _ => (true, "the first layer is dropped by rule"));

    /// <param name="dropFirst">Says for a start whether the first layer of the triplet is to be dropped rather than the second,
    /// and why.</param>
    private static PruningPlan Assign(Evidence evidence, int dropCount, MethodOptions options, Func<int,
        (bool First, string Reason)> dropFirst)
    {
        var similarity = evidence.RequireTripletSimilarity();
        var choices = new List<PlanChoice>();
        foreach (int start in Starts(evidence, dropCount, options.Selection, similarity))
        {
            // Only the start can be protected here: triplets with both of the first two protected were never candidates.
            var (first, reason) = evidence.IsDroppable(start) ? dropFirst(start) : (false, $"layer {start} is protected");
            var (drop, tune) = first ? (start, start + 1) : (start + 1, start);
            choices.Add(new([start, start + 1, start + 2], [drop], [tune], similarity[start],
                $"Drop layer {drop} and tune layer {tune}, because {reason}; layer {start + 2} stays frozen."));
        }
        return PruningPlan.Create(evidence.LayerCount, choices.SelectMany(choice => choice.Drop), choices.SelectMany(choice => choice.Tune),
            new() { Choices = choices });
    }

    private static IEnumerable<int> Starts(Evidence evidence, int dropCount, Selection selection, IReadOnlyList<double> similarity)
    {
        int first = Math.Max(0, evidence.ProtectedLayers - 1);
        int largest = DisjointWindows.Capacity(evidence.LayerCount, first, Width);
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest,
                first == 0 ? "each takes three layers of its own" : $"each takes three layers of its own from layer {first} on, "
                    + $"the first {evidence.ProtectedLayers} layers being protected");
        var candidates = Enumerable.Range(first, Math.Max(0, similarity.Count - first));
        return selection switch
        {
            Selection.Greedy =>
                DisjointWindows.Greedy(evidence.LayerCount, first, Width, dropCount,
                    candidates.OrderByDescending(start => similarity[start])),
            Selection.Optimal => Optimal(similarity, first, dropCount).OrderByDescending(start => similarity[start]),
            _ => throw new ArgumentOutOfRangeException(nameof(selection), selection, null),
        };
    }

    /// <summary>
    /// The disjoint triplets with the largest sum of similarities, ascending; among equal sums the one with lower starts.
    /// Dynamic programming over (start, picks that remain): O(L K).
    /// </summary>
    private static IEnumerable<int> Optimal(IReadOnlyList<double> similarity, int first, int count)
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

        double Taken(int start, int n) => similarity[start] + best[start + Width, n - 1];
    }

    private static string Number(double similarity) => similarity.ToString("0.######");
}
