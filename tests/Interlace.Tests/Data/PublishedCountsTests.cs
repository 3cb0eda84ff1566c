using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Data.Parquet;

namespace Interlace.Tests.Data;

public class PublishedCountsTests
{
    [Fact, Trait("Category", "Golden")]
    public void The_counts_are_the_authors()
    {
        JsonObject counts = Shared.Json("fixtures", "authors", "finevision-counts.json").AsObject();
        Assert.Equal(counts.Select(set => set.Key).Order(StringComparer.Ordinal), PublishedCounts.Names.Order(StringComparer.Ordinal));
        Assert.All(counts, set => Assert.Equal((long)set.Value!, PublishedCounts.Of(Set(set.Key))));
    }

    [Fact]
    public void A_set_is_known_by_its_name_or_that_of_its_folder_and_others_count_nothing()
    {
        string known = PublishedCounts.Names.First();
        Assert.True(PublishedCounts.Of(Set(known)) > 0);
        Assert.Equal(PublishedCounts.Of(Set(known)), PublishedCounts.Of(Set(".", $"/data/{known}/x.parquet")));
        Assert.Equal(0, PublishedCounts.Of(Set("mine")));
        Assert.Equal(0, PublishedCounts.Of(Set(".", "/data/mine/x.parquet")));
    }

    /// <summary>The draw takes max(1, int(count x rate)) rows; so many there are of it where a set is complete.</summary>
    [Fact]
    public void The_authors_rate_of_the_counts_is_cut_off_and_never_nothing()
    {
        foreach (string name in PublishedCounts.Names)
        {
            long count = PublishedCounts.Of(Set(name));
            var set = new DataSet(name, [new("x", count, 0, 0, "x") { File = new FineVisionFile() }]);
            Assert.Equal(Math.Max(1, (int)(count * 0.01)), DataSource.Share(set, 0.01, first: true, published: true));
        }
    }

    private static DataSet Set(string name, string path = "x.parquet") => new(name, [new("x", 1, 0, 0, path)]);
}
