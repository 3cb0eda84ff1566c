using CsCheck;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class PruningPlanTests
{
    [Fact]
    public void Layers_that_are_neither_dropped_nor_tuned_are_frozen()
    {
        var plan = PruningPlan.Create(6, [4, 1], [3]);
        Assert.Equal([1, 4], plan.Drop);
        Assert.Equal([3], plan.Tune);
        Assert.Equal([0, 2, 5], plan.Freeze);
        Assert.Equal([0, 2, 3, 5], plan.Kept);
        Assert.Equal([2], plan.TuneNew);
        Assert.Null(plan.NewIndex(4));
        Assert.Equal(3, plan.NewIndex(5));
        Assert.Equal(5, plan.OriginalIndex(3));
    }

    [Theory]
    [InlineData(new[] { 1, 1 }, new int[0], "twice")]
    [InlineData(new[] { 1 }, new[] { 1 }, "twice")]
    [InlineData(new[] { 4 }, new int[0], "layers 0 to 3")]
    [InlineData(new int[0], new[] { -1 }, "layers 0 to 3")]
    [InlineData(new[] { 0, 1, 2, 3 }, new int[0], "at least one must stay")]
    public void A_wrong_plan_cannot_be_built(int[] drop, int[] tune, string message) =>
        Assert.Contains(message, Assert.Throws<PlanException>(() => PruningPlan.Create(4, drop, tune)).Message);

    [Fact]
    public void Sets_cover_every_layer_once_and_the_index_maps_invert_each_other() =>
        Gen.Int[1, 40].SelectMany(layers => Gen.Int[0, 2].Array[layers]).Where(roles => roles.Any(role => role != 0)).Sample(roles =>
        {
            int[] Of(int role) => [.. Enumerable.Range(0, roles.Length).Where(layer => roles[layer] == role)];
            var plan = PruningPlan.Create(roles.Length, Of(0).Reverse(), Of(1).Reverse());
            return plan.Drop.Concat(plan.Tune).Concat(plan.Freeze).Order().SequenceEqual(Enumerable.Range(0, roles.Length))
                && plan.Freeze.SequenceEqual(Of(2))
                && Enumerable.Range(0, plan.Kept.Length).All(index => plan.NewIndex(plan.OriginalIndex(index)) == index)
                && plan.Drop.All(layer => plan.NewIndex(layer) is null)
                && plan.TuneNew.Select(plan.OriginalIndex).SequenceEqual(plan.Tune);
        });
}
