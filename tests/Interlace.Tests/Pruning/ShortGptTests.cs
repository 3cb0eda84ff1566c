using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class ShortGptTests
{
    private static readonly Evidence Ten = new(10) { LayerSimilarity = [0.99, 0.40, 0.50, 0.60, 0.95, 0.90, 0.70, 0.80, 0.80, 0.20] };

    [Fact]
    public void The_layers_of_lowest_influence_are_dropped_and_nothing_is_tuned()
    {
        var plan = ShortGpt.Select(Ten with { ProtectedLayers = 1 }, 3, new());
        Assert.Equal([4, 5, 7], plan.Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Equal(0.05, plan.Origin.Choices[0].Score!.Value, 12);
        Assert.Empty(plan.Tune);
    }

    [Fact]
    public void One_layer_stays() => Assert.Contains("at most 9 can", Assert.Throws<PlanException>(() => ShortGpt.Select(Ten, 10, new())).Message);
}
