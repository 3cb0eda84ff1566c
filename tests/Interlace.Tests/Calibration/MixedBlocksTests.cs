using Interlace.Calibration;
using Interlace.Data;

namespace Interlace.Tests.Calibration;

public class MixedBlocksTests
{
    private static readonly int[] Sizes = [200, 60, 30, 9, 1];
    private static readonly RowReference[] Rows = [.. Sizes.Index().SelectMany(set => Enumerable.Range(0, set.Item).Select(rank => new RowReference(set.Index, 0, rank * 7 % 211, rank)))];

    [Fact]
    public void Every_row_is_in_one_block_and_each_block_grows_what_there_is_by_a_quarter()
    {
        var blocks = MixedBlocks.Of(Rows);
        int sum = 0;
        Assert.Equal([32, 40, 50, 63, 79, 99, 124, 155, 194, 243, 300], blocks.Select(block => sum += block.Length));
        Assert.Equal(Rows, blocks.SelectMany(block => block).OrderBy(row => row.Set).ThenBy(row => row.Rank));
    }

    [Fact]
    public void The_blocks_up_to_any_one_hold_the_first_ranks_of_every_data_set_in_its_share()
    {
        List<RowReference> sofar = [];
        foreach (var block in MixedBlocks.Of(Rows))
        {
            sofar.AddRange(block);
            foreach (var (set, size) in Sizes.Index())
            {
                int[] ranks = [.. sofar.Where(row => row.Set == set).Select(row => row.Rank).Order()];
                Assert.Equal(Enumerable.Range(0, ranks.Length), ranks);
                Assert.InRange(ranks.Length - (double)size * sofar.Count / Rows.Length, -1, 1);
            }
        }
    }

    [Fact]
    public void Few_rows_are_one_block() => Assert.Equal(Rows[..7], Assert.Single(MixedBlocks.Of(Rows[..7])).OrderBy(row => row.Rank));
}
