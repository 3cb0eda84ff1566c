using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class PlanComparisonTests
{
    [Fact]
    public void Every_method_stands_beside_the_first_with_what_it_shares_or_with_what_it_lacks()
    {
        var evidence = new Evidence(8) { LayerSimilarity = [0.1, 0.9, 0.8, 0.2, 0.3, 0.95, 0.7, 0.4], TripletSimilarity = [0.1, 0.9, 0.2, 0.3, 0.4, 0.8] };
        var rows = PlanComparison.Of(options => Methods.Plan(options.Method, evidence, options.Ratio), new(), [0.125, 0.25]);

        Assert.Equal([.. Methods.Table.Keys.SelectMany(method => new[] { (method, 0.125), (method, 0.25) })], rows.Select(row => (row.Method, row.Ratio)));
        Assert.All(rows, row => Assert.True(row.Plan is null == row.Missing is not null));
        ComparedPlan Row(string method, double ratio) => rows.Single(row => row.Method == method && row.Ratio == ratio);
        Assert.Equal([1, 5], Row("interlace", 0.25).Plan!.Drop);
        Assert.Equal(2, Row("interlace", 0.25).Shared);
        Assert.Equal([5], Row("short-gpt", 0.125).Plan!.Drop);
        Assert.Equal(0, Row("short-gpt", 0.125).Shared);    // interlace drops layer 1
        Assert.Equal(2, Row("short-gpt", 0.25).Shared);
        Assert.Equal(0, Row("dense", 0.25).Shared);
        Assert.Contains("calibrate", Row("sleb", 0.25).Missing, StringComparison.Ordinal);
    }
}
