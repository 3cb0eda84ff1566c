using CsCheck;
using Interlace.Ranks;

namespace Interlace.Tests.Ranks;

/// <summary>Work of known sizes shared out.</summary>
public class SharingTests
{
    [Fact]
    public void Every_piece_has_a_rank_and_none_has_much_more_than_another() => Gen.Select(Gen.Long[1, 1000].Array[1, 60], Gen.Int[1, 9])
        .Sample((sizes, ranks) =>
        {
            int[] owners = Sharing.Out(sizes, ranks);
            long[] loads = [.. Enumerable.Range(0, ranks).Select(rank => sizes.Where((_, i) => owners[i] == rank).Sum())];
            return owners.All(owner => owner >= 0 && owner < ranks) && loads.Sum() == sizes.Sum()
                && loads.Max() - loads.Min() <= sizes.Max();
        });

    [Fact]
    public void The_largest_go_first_and_equals_keep_their_order() => Assert.Equal([1, 0, 1, 0], Sharing.Out([3, 5, 3, 1], 2));
}
