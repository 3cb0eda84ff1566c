using CsCheck;
using Interlace.Data;
using Interlace.Vlm;

namespace Interlace.Tests.Data;

public class DrawTests
{
    [Fact]
    public void A_draw_takes_the_rounded_rate_of_every_set_and_at_least_one_row() => WithData(data =>
    {
        Draw draw = data.Draw(0.1, 3);
        Assert.Equal([("a", 4), ("b", 1)], draw.Rows.GroupBy(row => row.Set).Select(set => (data.Sets[set.Key].Name, set.Count())));
        Assert.Equal(draw.Count, draw.Rows.Distinct().Count());
        Assert.Equal([0, 1, 2, 3, 0], draw.Rows.Select(row => row.Rank));
    });

    [Theory]
    [InlineData(0.01, 0, 0)]
    [InlineData(0.01, 1, 1)]
    [InlineData(0.01, 149, 1)]
    [InlineData(0.01, 151, 2)]
    [InlineData(0.5, 5, 2)]
    [InlineData(0.5, 7, 4)]
    [InlineData(1, 7, 7)]
    public void A_share_is_rounded_with_ties_to_even(double rate, long rows, int share) => Assert.Equal(share, Draw.Share(rate, rows));

    [Fact]
    public void Few_rows_of_a_calibration_are_the_first_of_every_set_by_its_size() => WithData(data =>
    {
        Draw draw = data.Draw(1, 3);
        Assert.Equal(draw.Calibration(0.5), draw.Calibration(0.5, 1000));
        foreach (int most in new[] { 1, 4, 10 })
        {
            var few = draw.Calibration(0.5, most);
            Assert.Equal(most, few.Count);
            Assert.All(few.GroupBy(row => row.Set), set => Assert.Equal(Enumerable.Range(0, set.Count()), set.Select(row => row.Rank)));
            Assert.Equal(draw.Calibration(0.5).Where(few.Contains), few);
        }
        Assert.Equal(2, draw.Calibration(0.5, 10).Select(row => row.Set).Distinct().Count());
    });

    [Fact]
    public void The_same_seed_draws_the_same_rows_and_another_seed_others() => WithData(data =>
    {
        Assert.Equal(data.Draw(0.3, 1).Rows, data.Draw(0.3, 1).Rows);
        Assert.NotEqual(data.Draw(0.3, 1).Rows, data.Draw(0.3, 2).Rows);
    });

    [Fact]
    public void A_smaller_rate_draws_the_first_rows_of_a_larger_one() => WithData(data =>
        Assert.Equal(data.Draw(0.1, 1).Rows.Where(row => row.Set == 0), data.Draw(0.5, 1).Rows.Where(row => row.Set == 0).Take(4)));

    [Fact]
    public void Drawn_rows_are_those_of_the_smallest_hashes() => WithData(data =>
    {
        DataSet set = data.Sets[0];
        var ranked = set.Shards.SelectMany((shard, s) => Enumerable.Range(0, (int)shard.Rows).Select(row => (Shard: s, Row: (long)row, Hash: SeededHash.Row(SeededHash.ShardKey(set.Name, shard.Name, 9), row)))).OrderBy(row => row.Hash);
        Assert.Equal(ranked.Take(12).Select(row => (row.Shard, row.Row)), data.Draw(0.3, 9).Rows.Where(row => row.Set == 0).Select(row => (row.Shard, row.Row)));
    });

    [Fact]
    public void The_draw_does_not_depend_on_the_order_of_files_on_disk_or_of_other_sets()
    {
        string[] names = ["one.parquet", "two.parquet", "deep/three.parquet"];
        string[] DrawFrom(IEnumerable<string> order, bool withOther, bool smallGroups)
        {
            using ScratchFolder folder = new();
            if (withOther) Write(folder, "0/other.parquet", 5, new Layout());
            foreach (string name in order) Write(folder, "set/" + name, 20, new Layout(RowsPerGroup: smallGroups ? 3 : 100));
            DataSource data = DataSource.Open(folder.Path);
            return [.. data.Draw(0.4, 5).Rows.Where(row => data.Sets[row.Set].Name == "set").Select(row => $"{data.Sets[row.Set].Shards[row.Shard].Name}:{row.Row}:{row.Rank}")];
        }
        string[] drawn = DrawFrom(names, false, false);
        Assert.Equal(24, drawn.Length);
        Assert.Equal(drawn, DrawFrom(names.Reverse(), true, true));
    }

    [Fact]
    public void Calibration_is_the_first_tenth_of_each_sets_draw() => WithData(data =>
    {
        Draw draw = data.Draw(1, 3);
        Assert.Equal([(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)], draw.Calibration().Select(row => (row.Set, row.Rank)));
        Assert.Subset(draw.Rows.ToHashSet(), draw.Calibration().ToHashSet());
    });

    [Fact]
    public void A_part_of_the_calibration_takes_its_share_of_every_set() => WithData(data =>
    {
        Draw draw = data.Draw(1, 3);
        int[] sizes = [.. draw.Calibration(0.5).GroupBy(row => row.Set).Select(set => set.Count())];
        Assert.True(sizes is [> 4, > 1]);
        for (int most = 1; most <= sizes.Sum() + 1; most++)
        {
            var part = draw.Calibration(0.5, most);
            Assert.Equal(Math.Min(most, sizes.Sum()), part.Count);
            Assert.Equal(draw.Calibration(0.5).Where(part.Contains), part);   // in their order
            foreach (var set in part.GroupBy(row => row.Set))
            {
                Assert.Equal(Enumerable.Range(0, set.Count()), set.Select(row => row.Rank));   // the first ones
                Assert.InRange(set.Count() - (double)part.Count * sizes[set.Key] / sizes.Sum(), -1, 1);
            }
        }
    });

    [Fact]
    public void Held_out_rows_and_training_rows_make_up_the_draw() => WithData(data => Gen.Int[0, 43].Sample(count =>
    {
        Draw draw = data.Draw(1, 3);
        (IReadOnlyList<RowReference> training, IReadOnlyList<RowReference> validation) = draw.HoldOut(count);
        Assert.Equal(count, validation.Count);
        Assert.Equal(draw.Rows.ToHashSet(), training.Concat(validation).ToHashSet());
        Assert.Equal(draw.Count, training.Count + validation.Count);
        double Depth(RowReference row) => (row.Rank + 0.5) / data.Sets[row.Set].Rows;
        if (count > 0) Assert.True(validation.Min(Depth) >= training.Max(Depth));
    }, iter: 50));

    [Fact]
    public void A_fraction_is_held_out_of_every_set_by_rank() => WithData(data =>
    {
        IReadOnlyList<RowReference> held = data.Draw(1, 3).HoldOutFraction(0.25).Validation;
        Assert.Equal([.. Enumerable.Range(30, 10).Select(rank => (0, rank)), (1, 3)], held.Select(row => (row.Set, row.Rank)));
    });

    [Fact]
    public void Impossible_rates_and_splits_are_refused() => WithData(data =>
    {
        foreach (double rate in new[] { 0, -1, 1.01, double.NaN }) Assert.Throws<InputException>(() => data.Draw(rate, 0));
        Assert.Throws<InputException>(() => data.Draw(1, 0).HoldOut(44));
        Assert.Throws<InputException>(() => data.Draw(1, 0).HoldOutFraction(1));
    });

    private static void WithData(Action<DataSource> test)
    {
        using ScratchFolder folder = new();
        Write(folder, "a/x.parquet", 15, new Layout(RowsPerGroup: 4));
        Write(folder, "a/y.parquet", 25, new Layout());
        Write(folder, "b/z.parquet", 4, new Layout());
        test(DataSource.Open(folder.Path));
    }

    private static void Write(ScratchFolder folder, string path, int rows, Layout layout) =>
        ParquetRows.Write(folder.At(path.Split('/')), [.. Parquet.FineVisionFileTests.Rows(rows)], layout);
}
