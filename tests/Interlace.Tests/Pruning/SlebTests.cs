using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class SlebTests
{
    private static PruningPlan Plan(int count, params int[] order) => Sleb.Select(new(10) { RemovalOrder = [.. order.Select((layer, i) => new Removal(layer, 1 + 0.1 * i))] }, count, new());

    [Fact]
    public void The_first_of_the_order_go_and_the_next_layer_that_is_left_is_tuned()
    {
        var plan = Plan(3, 6, 3, 7, 1);
        Assert.Equal([3, 6, 7], plan.Drop);
        Assert.Equal([4, 8, 9], plan.Tune);
        Assert.Equal([6, 3, 7], plan.Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Equal([8, 4, 9], plan.Origin.Choices.SelectMany(choice => choice.Tune));
        Assert.Equal(1.1, plan.Origin.Choices[1].Score!.Value, 12);
    }

    [Fact]
    public void Where_none_is_left_behind_the_nearest_before_is_tuned()
    {
        Assert.Equal([6, 9], Plan(2, 7, 8).Tune);   // 7 takes 9, so that 8 has to go back
        Assert.Equal([6, 9], Plan(2, 8, 7).Tune);
        Assert.Equal([4, 5, 9], Plan(3, 8, 7, 6).Tune);
    }

    [Fact]
    public void More_layers_than_the_order_has_or_than_may_go_are_refused_with_the_cure()
    {
        Assert.Contains("calibrate.sleb_ratio=0.4", Assert.Throws<PlanException>(() => Plan(4, 6, 3, 7)).Message);
        Assert.Contains("at most 5 can", Assert.Throws<PlanException>(() => Plan(6, 6, 3, 7)).Message);
        Assert.Contains("at most 2 can", Assert.Throws<PlanException>(() => Sleb.Select(new(10) { ProtectedLayers = 7 }, 3, new())).Message);
        Assert.Contains("--evidence sleb", Assert.Throws<PlanException>(() => Sleb.Select(new(10), 3, new())).Message);
    }
}
