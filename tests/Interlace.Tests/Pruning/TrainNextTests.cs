using CsCheck;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class TrainNextTests
{
    private static readonly Evidence Ten = new(10) { LayerSimilarity = [0.30, 0.85, 0.50, 0.60, 0.95, 0.90, 0.70, 0.80, 0.80, 0.99] };

    [Fact]
    public void The_layer_after_each_dropped_one_is_tuned()
    {
        // 9 has no successor, 5 is tuned for 4, 8 is tuned for 7.
        var plan = TrainNext.Select(Ten, 3, new());
        Assert.Equal([4, 1, 7], plan.Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Equal([2, 5, 8], plan.Tune);
    }

    [Fact]
    public void Protected_layers_are_not_dropped_but_the_count_is_reached()
    {
        var plan = TrainNext.Select(Ten with { ProtectedLayers = 2 }, 4, new());
        Assert.Equal(4, plan.Drop.Length);
        Assert.All(plan.Drop, layer => Assert.True(layer >= 2));
        Assert.Throws<PlanException>(() => TrainNext.Select(Ten with { ProtectedLayers = 2 }, 5, new()));
    }

    [Fact]
    public void Exactly_as_many_layers_are_dropped_and_tuned_as_pairs_allow() =>
        Gen.Int[1, 30].SelectMany(layers => Gen.Int[0, 5].Select(step => step / 5.0).Array[layers]).Sample(scores =>
        {
            for (int count = 0; count <= scores.Length / 2; count++)
            {
                var plan = TrainNext.Select(new(scores.Length) { LayerSimilarity = scores }, count, new());
                if (plan.Drop.Length != count || !plan.Tune.SequenceEqual(plan.Drop.Select(layer => layer + 1))) return false;
            }
            return true;
        }, iter: 200);
}
