using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class AngularTests
{
    private static readonly Evidence Ten = new(10) { WindowAngle = length => length == 3 ? [0.9, 0.3, 0.1, 0.2, 0.1, 0.4, 0.5, 0.05] : throw new PlanException($"spans of {length} were not measured") };

    [Fact]
    public void The_window_that_turns_the_last_token_least_is_dropped_and_nothing_is_tuned()
    {
        var plan = Angular.Select(Ten, 3, new());
        Assert.Equal([7, 8, 9], plan.Drop);
        Assert.Empty(plan.Tune);
        Assert.Equal(0.05, plan.Origin.Choices[0].Score);
    }

    [Fact]
    public void The_window_lies_behind_the_protected_layers_and_equal_angles_take_the_lower_one()
    {
        var equal = Ten with { WindowAngle = _ => [0.9, 0.3, 0.1, 0.2, 0.1, 0.4, 0.5, 0.6] };
        Assert.Equal([2, 3, 4], Angular.Select(equal, 3, new()).Drop);
        Assert.Equal([4, 5, 6], Angular.Select(equal with { ProtectedLayers = 3 }, 3, new()).Drop);
    }

    [Fact]
    public void A_length_that_was_not_measured_or_too_many_layers_are_refused()
    {
        Assert.Contains("not measured", Assert.Throws<PlanException>(() => Angular.Select(Ten, 4, new())).Message);
        Assert.Contains("at most 7", Assert.Throws<PlanException>(() => Angular.Select(Ten with { ProtectedLayers = 3 }, 8, new())).Message);
    }
}
