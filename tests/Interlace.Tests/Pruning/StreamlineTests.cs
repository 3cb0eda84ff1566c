using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class StreamlineTests
{
    private static readonly double[] OfThree = [0.1, 0.9, 0.7, 0.95, 0.95, 0.2, 0.3, 0.99];   // windows of 3 of 10 layers
    private static readonly Evidence Ten = new(10) { WindowSimilarity = length => length == 3 ? OfThree : throw new PlanException($"spans of {length} were not measured") };

    [Fact]
    public void The_most_similar_window_keeps_its_first_layer_which_is_tuned()
    {
        var plan = Streamline.Select(Ten, 2, new());
        Assert.Equal([8, 9], plan.Drop);
        Assert.Equal([7], plan.Tune);
        Assert.Equal(0.995, plan.Origin.Choices[0].Score!.Value, 12);
    }

    [Fact]
    public void Equal_windows_take_the_lower_one_and_a_protected_layer_may_be_the_one_that_stays()
    {
        var equal = Ten with { WindowSimilarity = _ => [0.1, 0.9, 0.7, 0.95, 0.95, 0.2, 0.3, 0.5] };
        Assert.Equal([4, 5], Streamline.Select(equal, 2, new()).Drop);
        Assert.Equal([5, 6], Streamline.Select(equal with { ProtectedLayers = 5 }, 2, new()).Drop);
    }

    [Fact]
    public void A_length_that_was_not_measured_or_too_many_layers_are_refused()
    {
        Assert.Contains("not measured", Assert.Throws<PlanException>(() => Streamline.Select(Ten, 4, new())).Message);
        Assert.Contains("at most 9", Assert.Throws<PlanException>(() => Streamline.Select(Ten, 10, new())).Message);
        Assert.Contains("calibrate", Assert.Throws<PlanException>(() => Streamline.Select(new(10), 2, new())).Message);
    }
}
