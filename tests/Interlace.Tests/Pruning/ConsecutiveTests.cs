using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class ConsecutiveTests
{
    private static readonly Evidence Ten = new(10) { LayerSimilarity = [0.30, 0.40, 0.50, 0.90, 0.90, 0.90, 0.10, 0.80, 0.80, 0.20] };

    [Fact]
    public void The_window_with_the_largest_sum_is_dropped_and_the_layers_after_it_tuned()
    {
        var plan = Consecutive.Select(Ten, 3, new());
        Assert.Equal([3, 4, 5], plan.Drop);
        Assert.Equal([6, 7, 8], plan.Tune);
        Assert.Equal(2.7, plan.Origin.Choices[0].Score!.Value, 12);
    }

    [Fact]
    public void Where_the_tail_is_short_the_layers_before_the_window_are_tuned_too()
    {
        var plan = Consecutive.Select(Ten with { LayerSimilarity = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0] }, 3, new());
        Assert.Equal([6, 7, 8], plan.Drop);
        Assert.Equal([4, 5, 9], plan.Tune);
    }

    [Fact]
    public void The_window_lies_behind_the_protected_layers_and_equal_sums_take_the_lower_one()
    {
        var plan = Consecutive.Select(new(10) { LayerSimilarity = [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], ProtectedLayers = 3 }, 2, new());
        Assert.Equal([3, 4], plan.Drop);
    }

    [Fact]
    public void More_than_half_of_the_layers_are_refused() =>
        Assert.Contains("at most 5 can", Assert.Throws<PlanException>(() => Consecutive.Select(Ten, 6, new())).Message);
}
