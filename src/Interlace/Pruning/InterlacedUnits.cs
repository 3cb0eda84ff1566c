namespace Interlace.Pruning;

/// <summary>
/// Units of interlaced pruning that share no layer: a run of dropped layers, a tuned layer at one end of it, and a frozen anchor behind
/// both. With runs of one layer a unit is a triplet (paper, Algorithm 1). A run grows layer by layer, away from the tuned layer: one behind
/// it takes the anchor, and the next layer becomes the anchor.
/// </summary>
/// <param name="evidence">Which layers there are and may be dropped.</param>
/// <param name="longestRun">Most dropped layers of a unit.</param>
internal sealed class InterlacedUnits(Evidence evidence, int longestRun)
{
    private readonly List<Unit> _units = [];

    /// <summary>Neighbouring layers. Original 0-based indices.</summary>
    /// <param name="First">The first of them.</param>
    /// <param name="Dropped">How many are dropped.</param>
    /// <param name="TunesFirst">The tuned layer is the first; else it is the last before the anchor.</param>
    internal readonly record struct Unit(int First, int Dropped, bool TunesFirst)
    {
        public int Tuned => TunesFirst ? First : First + Dropped;

        public int Anchor => First + Dropped + 1;

        public int[] Layers => [.. Enumerable.Range(First, Dropped + 2)];
    }

    /// <summary>A layer to drop.</summary>
    /// <param name="Layer">The layer.</param>
    /// <param name="Unit">The unit that it belongs to then.</param>
    /// <param name="Grown">The unit that this one was; null for a new one.</param>
    internal readonly record struct Move(int Layer, Unit Unit, Unit? Grown);

    /// <summary>The layers that are dropped, ascending.</summary>
    public int[] Dropped => [.. _units.SelectMany(unit => unit.Layers.Where(layer => layer != unit.Tuned && layer != unit.Anchor)).Order()];

    /// <summary>The layers that are tuned.</summary>
    public IEnumerable<int> Tuned => _units.Select(unit => unit.Tuned);

    /// <summary>
    /// Ways to drop one more layer after which <paramref name="left"/> more can still be dropped, those of the lowest units first, of one
    /// unit the lowest layer first.
    /// </summary>
    public IEnumerable<Move> Moves(int left) =>
        [.. New().Concat(Longer()).Where(move => After(move).Room() >= left)
            .OrderBy(move => (move.Unit.First, move.Layer, move.Grown is null ? 0 : 1))];

    /// <summary>Drops the layer of a move.</summary>
    public void Take(Move move)
    {
        if (move.Grown is { } grown) _units.Remove(grown);
        _units.Add(move.Unit);
    }

    /// <summary>How many more layers can be dropped.</summary>
    public int Room()
    {
        bool[] assigned = Assigned();
        int room = 0;
        for (int start = 0; start < assigned.Length; start++)
        {
            if (assigned[start]) continue;
            int end = start;
            while (end < assigned.Length && !assigned[end]) end++;
            room += RoomIn(start, end);
            start = end;
        }
        return room;
    }

    private InterlacedUnits After(Move move)
    {
        var after = new InterlacedUnits(evidence, longestRun);
        after._units.AddRange(_units);
        after.Take(move);
        return after;
    }

    private bool[] Assigned()
    {
        var assigned = new bool[evidence.LayerCount];
        foreach (int layer in _units.SelectMany(unit => unit.Layers)) assigned[layer] = true;
        return assigned;
    }

    private IEnumerable<Move> New()
    {
        bool[] assigned = Assigned();
        for (int first = evidence.ProtectedLayers; first + 2 < assigned.Length; first++)
        {
            if (assigned.AsSpan(first, 3).Contains(true)) continue;
            if (evidence.IsDroppable(first)) yield return new(first, new(first, 1, TunesFirst: false), null);
            if (evidence.IsDroppable(first + 1)) yield return new(first + 1, new(first, 1, TunesFirst: true), null);
        }
    }

    private IEnumerable<Move> Longer()
    {
        bool[] assigned = Assigned();
        bool Free(int layer) => layer >= 0 && layer < assigned.Length && !assigned[layer];
        foreach (Unit unit in _units.Where(unit => unit.Dropped < longestRun))
        {
            if (unit.TunesFirst && Free(unit.Anchor + 1) && evidence.IsDroppable(unit.Anchor))
                yield return new(unit.Anchor, unit with { Dropped = unit.Dropped + 1 }, unit);
            if (!unit.TunesFirst && Free(unit.First - 1) && evidence.IsDroppable(unit.First - 1))
                yield return new(unit.First - 1, unit with { First = unit.First - 1, Dropped = unit.Dropped + 1 }, unit);
        }
    }

    /// <summary>The same within a run of free layers: units on both sides may grow into it, and new ones fill the rest.</summary>
    private int RoomIn(int start, int end)
    {
        int Grows(Unit? unit, Func<int, int> layer) => unit is not { } one ? 0
            : Enumerable.Range(0, Math.Min(longestRun - one.Dropped, end - start)).TakeWhile(k => evidence.IsDroppable(layer(k))).Count();
        int up = Grows(Find(unit => unit.TunesFirst && unit.Anchor == start - 1), k => start - 1 + k);
        int down = Grows(Find(unit => !unit.TunesFirst && unit.First == end), k => end - 1 - k);
        int room = 0;
        for (int low = 0; low <= up; low++)
            for (int high = 0; high <= down && low + high <= end - start; high++)
                room = Math.Max(room, low + high + NewIn(start + low, end - high));
        return room;
    }

    private Unit? Find(Func<Unit, bool> isIt) => _units.Where(isIt).Select(unit => (Unit?)unit).FirstOrDefault();

    /// <summary>Most layers that new units can drop within free layers: dynamic programming from the end.</summary>
    private int NewIn(int start, int end)
    {
        var best = new int[Math.Max(0, end - start) + 1];
        for (int first = end - 1; first >= start; first--)
        {
            best[first - start] = best[first - start + 1];
            for (int run = 1; run <= longestRun && first + run + 2 <= end; run++)
                if (Fits(first, run)) best[first - start] = Math.Max(best[first - start], run + best[first - start + run + 2]);
        }
        return best[0];
    }

    private bool Fits(int first, int run) => first >= evidence.ProtectedLayers
        && (Enumerable.Range(first, run).All(evidence.IsDroppable) || Enumerable.Range(first + 1, run).All(evidence.IsDroppable));
}
