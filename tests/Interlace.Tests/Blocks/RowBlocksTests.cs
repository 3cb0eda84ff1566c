using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Blocks;

public class RowBlocksTests
{
    private const long Rows = 1000, Count = 2 * Rows + 5;

    [Fact]
    public void Blocks_give_what_the_whole_gives()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor x = rand([Count, 3]), y = rand([Count, 1, 2]);
        List<long> sizes = [];
        Tensor[] results = RowBlocks.Run(Count, Rows, rows =>
        {
            sizes.Add(rows(x).shape[0]);
            return [rows(x).Times(2.0), rows(y).Plus(rows(y))];
        });
        Assert.Equal([Rows, Rows, 5], sizes);
        Assert.True(results[0].equal(x.Times(2.0)).all().item<bool>());
        Assert.True(results[1].equal(y.Plus(y)).all().item<bool>());
    }

    [Theory, InlineData(Rows, false), InlineData(Count, true)]
    public void Few_rows_and_graphs_are_one_block(long count, bool gradient)
    {
        using var mode = set_grad_enabled(gradient);
        using var scope = NewDisposeScope();
        Tensor x = zeros([count, 1]);
        int calls = 0;
        RowBlocks.Run(count, Rows, rows =>
        {
            calls++;
            Assert.Same(x, rows(x));
            return [x];
        });
        Assert.Equal(1, calls);
    }

    [Fact]
    public void What_a_block_makes_is_freed_before_the_next()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor x = rand([Count, 1]);
        List<long> alive = [];
        RowBlocks.Run(Count, Rows, rows =>
        {
            alive.Add(TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            return [rows(x).Times(2.0).Times(3.0).Times(4.0)];
        });
        Assert.Equal(alive[1], alive[2]);
    }
}
