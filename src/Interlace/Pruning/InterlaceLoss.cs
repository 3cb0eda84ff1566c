namespace Interlace.Pruning;

/// <summary>
/// Interlace with measured losses: the units of the paper's Algorithm 1 (one layer of a triplet dropped, one tuned, one a frozen anchor, no
/// layer in two triplets), but the loss on samples decides what cosines decide there. In each of K rounds every layer that is first or
/// second of an open triplet is left out besides those of the rounds before; the one without which the loss is lowest is dropped, the other
/// of the first two is tuned, the third stays frozen. A triplet is open if none of its layers is assigned, its first layer is not
/// protected, and enough room for the picks that remain is left (leftmost packing). Equal losses: the lowest triplet, then the lowest
/// layer. With <see cref="MethodOptions.LongestRun"/> above 1 a round may also make a run of dropped layers longer.
/// </summary>
public static class InterlaceLoss
{
    /// <summary>Searches with losses on demand; the same losses give the same plan.</summary>
    /// <exception cref="PlanException">A loss was not measured, or fewer units exist than layers to drop.</exception>
    public static PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options)
    {
        var units = new InterlacedUnits(evidence, options.LongestRun);
        int largest = units.Room();
        if (dropCount > largest)
            throw PlanException.TooMany(evidence, dropCount, largest, options.LongestRun == 1
                ? "each takes three layers of its own, the first of them none that is protected"
                : $"runs of at most {options.LongestRun} dropped layers each take a tuned and a frozen layer of their own");
        var choices = new List<PlanChoice>();
        while (choices.Count < dropCount) choices.Add(Round(evidence, units, dropCount - choices.Count - 1, choices.Count + 1, options));
        return PruningPlan.Create(evidence.LayerCount, units.Dropped, units.Tuned, new() { Choices = choices });
    }

    /// <summary>The most losses that the search can ask for: all rounds together.</summary>
    /// <param name="evidence">Which layers there are and may be dropped.</param>
    /// <param name="dropCount">K.</param>
    /// <param name="options">Longest run and candidates.</param>
    public static int MostLosses(Evidence evidence, int dropCount, MethodOptions options)
    {
        int first = new InterlacedUnits(evidence, options.LongestRun).Moves(0).DistinctBy(move => move.Layer).Count();
        int most = options.Candidates == 0 ? int.MaxValue : options.Candidates;
        // Each round assigns three layers, of which the runs that are begun may grow by one.
        return Enumerable.Range(0, dropCount).Sum(round => options.LongestRun == 1
            ? Math.Min(most, Math.Min(first, Math.Max(1, evidence.LayerCount - 3 * round - 1))) : Math.Min(most, first));
    }

    private static PlanChoice Round(Evidence evidence, InterlacedUnits units, int left, int round, MethodOptions options)
    {
        // of the ways to drop a layer the first, by the rule for equal losses
        InterlacedUnits.Move[] moves = [.. units.Moves(left).DistinctBy(move => move.Layer)];
        if (options.Candidates > 0 && options.Candidates < moves.Length)
        {
            var similarity = evidence.RequireLayerSimilarity();
            moves = [.. moves.OrderByDescending(move => similarity[move.Layer]).ThenBy(move => move.Layer).Take(options.Candidates)];
        }
        moves = [.. moves.OrderBy(move => move.Layer)];
        var losses = evidence.RequireLosses(units.Dropped, [.. moves.Select(move => move.Layer)]);
        var ranked = moves.Zip(losses).Where(move => double.IsFinite(move.Second)).OrderBy(move => move.Second)
            .ThenBy(move => move.First.Unit.First).ThenBy(move => move.First.Layer).ToArray();
        if (ranked.Length == 0)
            throw new PlanException($"In round {round} the loss is no number whichever layer is left out: measure it with --dtype fp32.");
        var ((layer, unit, grown), loss) = ranked[0];
        units.Take(ranked[0].First);
        string how = grown is null ? $"tune layer {unit.Tuned}" : $"make the run beside layer {unit.Tuned} longer by it";
        string next = ranked.Length < 2 ? "it is the only candidate"
            : $"the loss without it is the lowest of {moves.Length}, {loss:0.######}, {ranked[1].Second - loss:0.######} below that "
                + $"without layer {ranked[1].First.Layer}";
        return new(unit.Layers, [layer], [unit.Tuned], loss,
            $"Round {round}: drop layer {layer} and {how}, because {next}; layer {unit.Anchor} stays frozen.");
    }
}
