namespace Interlace.Pruning;

/// <summary>
/// Pairs of neighbouring layers where triplets run out, as the authors' code takes them:
/// by falling similarity among the layers that are left; the more similar one is dropped, the other tuned, and there is no anchor.
/// </summary>
internal static class Pairs
{
    private const int Width = 2;

    /// <summary>At most so many pairs of layers that are not taken yet, in the order of picking. Equal pairs: the lower start first.
    /// </summary>
    /// <exception cref="PlanException">Similarities of pairs or layers are missing.</exception>
    public static IEnumerable<PlanChoice> Fill(Evidence evidence, int count, IEnumerable<int> taken, SelectionRules rules)
    {
        var (pairs, layers) = (evidence.RequirePairSimilarity(rules.LastSpan), evidence.RequireLayerSimilarity(rules.LastSpan));
        HashSet<int> assigned = [.. taken];
        var free = Enumerable.Range(0, pairs.Count)
            .Where(start => evidence.IsDroppable(start) || evidence.IsDroppable(start + 1))
            .Where(start => !assigned.Contains(start) && !assigned.Contains(start + 1))
            .OrderByDescending(start => pairs[start]);
        foreach (int start in DisjointWindows.Plain(evidence.LayerCount, Width, count, free))
        {
            var (dropsFirst, reason) = !evidence.IsDroppable(start) ? (false, evidence.WhyKept(start))
                : !evidence.IsDroppable(start + 1) ? (true, evidence.WhyKept(start + 1)) : MoreSimilar.OfTwo(layers, start, rules.Ties);
            var (drop, tune) = dropsFirst ? (start, start + 1) : (start + 1, start);
            yield return new([start, start + 1], [drop], [tune], pairs[start],
                $"No triplet is left: drop layer {drop} and tune layer {tune} of a pair, because {reason}; the pair has no anchor.");
        }
    }
}
