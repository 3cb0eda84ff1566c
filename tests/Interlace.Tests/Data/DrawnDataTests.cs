using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Tests.Data;

public sealed class DrawnDataTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static IEnumerable<TheoryDataRow<string>> GoldenRuns => !File.Exists(Shared.At("fixtures", "authors", "calibration.json")) ? []
        : Shared.Json("fixtures", "authors", "calibration.json")["runs"]!.AsObject().Select(run => new TheoryDataRow<string>(run.Key));

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenRuns)), Trait("Category", "Golden")]
    public void The_authors_samples_are_drawn_of_their_list(string name)
    {
        JsonNode golden = Shared.Json("fixtures", "authors", "calibration.json"), run = golden["runs"]![name]!;
        foreach (string draw in new[] { "seeded", "first" })
        {
            var data = DrawnData.Open(new DataOptions(Shared.At("fixtures", "authors", (string)run["data"]!), Rate: 1,
                MaxTurns: 3, Turns: "truncate", Incomplete: "keep", Draw: draw), 7);
            var drawn = data.Calibration(Settings((int)golden["seed"]!, (double)golden["portion"]!), data.Filter);
            Assert.Equal(run["drawn"]!.AsArray().Select(record => (long)record!), drawn.Select(row => row.Row));
        }
    }

    [Fact]
    public void Only_rows_that_can_be_used_are_in_the_list()
    {
        Write("a", [.. Enumerable.Range(0, 60).Select(i => new TestRow([], i % 3 == 0 ? [] : [($"q{i}", "a")]))]);
        var data = DrawnData.Open(new(_scratch.Path, Rate: 1), 5);
        var drawn = data.Calibration(Settings(5, 0.5), data.Filter);
        long[] list = [.. Enumerable.Range(0, 60).Where(i => i % 3 != 0).Select(i => (long)i)];
        Assert.Equal(new PythonRandom(5).Sample(40, 20).Select(place => list[place]), drawn.Select(row => row.Row));
        Assert.Equal(drawn.Take(7), data.Calibration(Settings(5, 0.5), data.Filter, most: 7));
        Assert.Equal(Enumerable.Range(0, 20), drawn.Select(row => row.Rank));
        Assert.Equal(20, data.Read(drawn, [], data.Filter).Count());
    }

    [Fact]
    public void Where_rows_are_taken_from_the_first_on_none_behind_a_failure_is_in_the_list()
    {
        Write("a", [.. Enumerable.Range(0, 10).Select(i => new TestRow(i == 4 ? [[1]] : [], [("q", "a")]))]);
        Write("b", [.. Enumerable.Range(0, 10).Select(i => new TestRow([], [("q", "a")]))]);
        var data = DrawnData.Open(new(_scratch.Path, Rate: 1, Draw: "first"), 0);
        var drawn = data.Calibration(Settings(0, 1), data.Filter);
        Assert.Equal(14, drawn.Count);
        Assert.Equal([0, 1, 2, 3], drawn.Where(row => row.Set == 0).Select(row => row.Row).Order());
    }

    [Fact]
    public void A_list_that_gives_nothing_is_refused()
    {
        Write("a", [new TestRow([], [("q", "a")]), new TestRow([], [])]);
        var data = DrawnData.Open(new(_scratch.Path, Rate: 1), 0);
        Assert.Contains("none of 1 rows", Assert.Throws<InputException>(() => data.Calibration(Settings(0, 0.9), data.Filter)).Message);
        var none = data.Filter with { MaxTextBytes = 1 };
        Assert.Contains("1 too long", Assert.Throws<InputException>(() => data.Calibration(Settings(0, 0.9), none)).Message);
    }

    [Fact]
    public void First_rows_come_in_the_order_of_shards_and_rows_and_are_cut_off()
    {
        for (int shard = 0; shard < 3; shard++)
            ParquetRows.Write(_scratch.At("a", $"{shard}.parquet"), [.. Enumerable.Repeat(new TestRow([], [("q", "a")]), 3)], new Layout());
        Assert.Equal([(0, 0L), (0, 1L), (0, 2L), (1, 0L)], Rows(0.5));   // 4.5
        Assert.Equal([(0, 0L)], Rows(0.01));

        (int, long)[] Rows(double rate) =>
            [.. DrawnData.Open(new(_scratch.Path, rate, Draw: "first"), 0).Draw.Rows.Select(row => (row.Shard, row.Row))];
    }

    [Theory]
    [InlineData("first")]
    [InlineData("seeded")]
    public void By_published_counts_a_set_that_is_not_listed_gives_one_row_and_none_more_than_it_has(string draw)
    {
        string listed = PublishedCounts.Names.First(name => name.All(char.IsAsciiLetterOrDigit));
        Write("mine", [.. Enumerable.Repeat(new TestRow([], [("q", "a")]), 50)]);
        Write(listed, [.. Enumerable.Repeat(new TestRow([], [("q", "a")]), 5)]);
        var data = DrawnData.Open(new(_scratch.Path, Rate: 1, Draw: draw, Counts: "published"), 0);
        File.WriteAllText(_scratch.At("list.jsonl"), string.Join('\n', Enumerable.Repeat("{\"messages\":[]}", 8)));
        Assert.Equal(8, DrawnData.Open(new(_scratch.At("list.jsonl"), Rate: 1, Draw: draw, Counts: "published"), 0).Draw.Count);
        Assert.Equal(["mine 1", $"{listed} 5"], data.Draw.Rows.GroupBy(row => row.Set)
            .Select(set => $"{data.Source.Sets[set.Key].Name} {set.Count()}").OrderBy(text => text.StartsWith("mine", StringComparison.Ordinal) ? 0 : 1));
    }

    private static Experiment Settings(int seed, double fraction) =>
        new Experiment(Seed: seed, Calibrate: new(Fraction: fraction, Draw: "python")).Complete();

    private void Write(string set, TestRow[] rows) => ParquetRows.Write(_scratch.At(set, "x.parquet"), rows, new Layout());
}
