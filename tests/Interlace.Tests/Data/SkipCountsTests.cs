using System.Text.Json;
using Interlace.Data;

namespace Interlace.Tests.Data;

public class SkipCountsTests
{
    [Fact]
    public void Counts_add_up_over_merging()
    {
        SkipCounts one = [], two = [];
        one.Add(SkipReason.TooLong);
        two.Add(SkipReason.TooLong, 2);
        two.Add(SkipReason.NoTurns);
        one.Merge(two);
        one.Merge(one);
        Assert.Equal((6, 2, 8), (one[SkipReason.TooLong], one[SkipReason.NoTurns], one.Total));
        Assert.Equal("2 no turns, 6 too long", one.ToString());
        Assert.Equal(0, one["never"]);
    }

    [Fact]
    public void Counts_survive_being_saved()
    {
        SkipCounts counts = [];
        counts.Add(SkipReason.NullText, 3);
        var restored = new SkipCounts(JsonSerializer.Deserialize<Dictionary<string, long>>(JsonSerializer.Serialize(counts.ToDictionary()))!);
        Assert.Equal(counts, restored);
    }
}
