using Interlace.Data;

namespace Interlace.Calibration;

/// <summary>
/// Drawn rows in blocks, each of which grows what there is by a quarter.
/// Rows are drawn set by set and read shard by shard, so a calibration that may stop early needs another order:
/// here the blocks up to any one hold the first ranks of every data set, in proportion to its rows. Ranks are random already;
/// inside a block rows are read as they lie.
/// </summary>
internal static class MixedBlocks
{
    private const int First = 32;

    /// <summary>The rows in blocks.</summary>
    public static IReadOnlyList<RowReference[]> Of(IReadOnlyList<RowReference> rows)
    {
        RowReference[] order = [.. rows.GroupBy(row => row.Set)
            .SelectMany(set => set.OrderBy(row => row.Rank).Select((row, i) => (Row: row, Depth: (i + 0.5) / set.Count())))
            .OrderBy(entry => entry.Depth).ThenBy(entry => entry.Row.Set).Select(entry => entry.Row)];
        var blocks = new List<RowReference[]>();
        for (int start = 0, end = First; start < order.Length; (start, end) = (end, (5 * end + 3) / 4))
            blocks.Add(order[start..Math.Min(end, order.Length)]);
        return blocks;
    }
}
