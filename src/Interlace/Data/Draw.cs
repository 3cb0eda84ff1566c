using Interlace.Vlm;

namespace Interlace.Data;

/// <summary>The rows drawn from every set, set by set, in order of rank.</summary>
public sealed class Draw
{
    private readonly RowReference[][] _sets;

    internal Draw(RowReference[][] sets)
    {
        _sets = sets;
        Rows = [.. sets.SelectMany(rows => rows)];
    }

    /// <summary>All drawn rows, set by set, in order of rank.</summary>
    public IReadOnlyList<RowReference> Rows { get; }

    /// <summary>Number of drawn rows.</summary>
    public int Count => Rows.Count;

    /// <summary>Rows for the calibration: the first tenth of each set's draw, at least one (paper 3.2, A.3:
    /// 10 % of the fine-tuning subset).</summary>
    public IReadOnlyList<RowReference> Calibration(double fraction = 0.1) =>
        fraction is > 0 and <= 1 ? [.. _sets.SelectMany(rows => rows.Take(Share(fraction, rows.Length)))]
        : throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "A fraction is above 0 and at most 1.");

    /// <summary>At most so many of the calibration's rows: those of the lowest rank relative to the size of their set's part,
    /// so that every set gives its share. Set by set, in order of rank.</summary>
    public IReadOnlyList<RowReference> Calibration(double fraction, int most)
    {
        var rows = Calibration(fraction);
        Dictionary<int, int> sizes = rows.CountBy(row => row.Set).ToDictionary();
        HashSet<RowReference> chosen = [.. rows.OrderBy(row => (row.Rank + 0.5) / sizes[row.Set]).ThenBy(row => row.Set).Take(most)];
        return [.. rows.Where(chosen.Contains)];
    }

    /// <summary>
    /// Holds <paramref name="count"/> rows back for validation: those of the highest rank relative to the size of their set's draw, so
    /// that every set gives its share and the calibration's rows are the last to go. The two parts never overlap;
    /// both are set by set, in order of rank.
    /// Throws <see cref="InputException"/> where no row would be left.
    /// </summary>
    public (IReadOnlyList<RowReference> Training, IReadOnlyList<RowReference> Validation) HoldOut(int count)
    {
        if (count < 0 || count >= Math.Max(1, Count))
            throw new InputException($"{count} validation samples cannot be held back from {Count} drawn rows: ask for fewer.");
        HashSet<RowReference> held = [.. _sets.SelectMany(rows => rows.Select(row => (Row: row, Depth: (row.Rank + 0.5) / rows.Length)))
            .OrderByDescending(entry => entry.Depth).ThenBy(entry => entry.Row.Set).Take(count).Select(entry => entry.Row)];
        return ([.. Rows.Where(row => !held.Contains(row))], [.. Rows.Where(held.Contains)]);
    }

    /// <summary>Holds a fraction of the drawn rows back (rounded), as <see cref="HoldOut"/> does a number.
    /// Throws <see cref="InputException"/> for one outside [0, 1).</summary>
    public (IReadOnlyList<RowReference> Training, IReadOnlyList<RowReference> Validation) HoldOutFraction(double fraction) =>
        fraction is >= 0 and < 1 ? HoldOut((int)Math.Round(fraction * Count))
        : throw new InputException($"A validation fraction of {fraction} is impossible: give one from 0 to below 1.");

    /// <summary>max(1, round(fraction * rows)), ties to even; none of none.</summary>
    internal static int Share(double fraction, long rows) => checked((int)Math.Min(rows, Math.Max(1, (long)Math.Round(fraction * rows))));

    /// <summary>The first rows of a set, in the order of its shards and their rows.</summary>
    internal static RowReference[] FirstOf(DataSet set, int index, int count) =>
        [.. set.Shards.SelectMany((shard, place) => RowsOf(shard).Select(row => (Shard: place, Row: row))).Take(count)
            .Select((row, rank) => new RowReference(index, row.Shard, row.Row, rank))];

    private static IEnumerable<long> RowsOf(Shard shard)
    {
        for (long row = 0; row < shard.Rows; row++) yield return row;
    }

    /// <summary>The rows of a set with the smallest hashes, in their order:
    /// a draw without replacement that knows nothing of the order on disk.</summary>
    internal static RowReference[] FromSet(DataSet set, int index, int count, long seed)
    {
        var kept = new PriorityQueue<RowReference,
            (ulong Hash, int Shard, long Row)>(count + 1, Comparer<(ulong, int, long)>.Create((a, b) => b.CompareTo(a)));
        for (int shard = 0; shard < set.Shards.Count; shard++)
        {
            ulong key = SeededHash.ShardKey(set.Name, set.Shards[shard].Name, seed);
            for (long row = 0; row < set.Shards[shard].Rows; row++)
            {
                (ulong, int, long) priority = (SeededHash.Row(key, row), shard, row);
                if (kept.Count < count) kept.Enqueue(new RowReference(index, shard, row, 0), priority);
                else kept.EnqueueDequeue(new RowReference(index, shard, row, 0), priority);
            }
        }
        var drawn = new RowReference[kept.Count];
        for (int rank = drawn.Length - 1; rank >= 0; rank--) drawn[rank] = kept.Dequeue() with { Rank = rank };
        return drawn;
    }
}
