using CsCheck;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class TunedLayersTests
{
    [Theory]
    [InlineData("before", new[] { 3, 5, 6 }, new[] { 1, 2, 4 })]
    [InlineData("behind", new[] { 3, 5, 6 }, new[] { 4, 7, 8 })]
    [InlineData("both", new[] { 3, 5, 6 }, new[] { 1, 2, 4, 7, 8 })]
    [InlineData("none", new[] { 3, 5, 6 }, new int[0])]
    [InlineData("behind", new[] { 3, 4, 6 }, new[] { 5, 7, 8 })]
    [InlineData("before", new[] { 0, 1 }, new[] { 2, 3 })]      // none stays before: those behind make up the number
    [InlineData("behind", new[] { 8, 9 }, new[] { 6, 7 })]
    [InlineData("behind", new[] { 7, 8 }, new[] { 6, 9 })]
    [InlineData("both", new[] { 8, 9 }, new[] { 6, 7 })]
    [InlineData("method", new[] { 3, 5 }, new[] { 0 })]
    public void The_nearest_layers_beside_each_gap_are_tuned(string rule, int[] drop, int[] tune)
    {
        var plan = PruningPlan.Create(10, drop, [drop.Contains(0) ? 9 : 0]);
        var found = TunedLayers.In(plan, SelectionRules.Parse<TuneRule>(rule, "plan.tune"));
        Assert.Equal(drop, found.Drop);
        Assert.Equal(tune, found.Tune);
        Assert.Equal(PlanFile.ToJson(found), PlanFile.ToJson(PlanFile.Parse(PlanFile.ToJson(found), "plan")));
    }

    [Fact]
    public void As_many_layers_are_tuned_as_dropped_wherever_as_many_stay() =>
        (from layers in Gen.Int[2, 20] from seed in Gen.Int from count in Gen.Int[1, layers - 1] from down in Gen.Bool
         select (layers, seed, count, down)).Sample(given =>
        {
            int[] order = [.. Enumerable.Range(0, given.layers)];
            new Interlace.Vlm.SplitMix64((ulong)(uint)given.seed).Shuffle<int>(order);
            var plan = PruningPlan.Create(given.layers, order[..given.count], []);
            var tuned = TunedLayers.In(plan, given.down ? TuneRule.Before : TuneRule.Behind).Tune;
            return tuned.Length == Math.Min(given.count, given.layers - given.count);
        });

    [Fact]
    public void A_method_that_tunes_nothing_becomes_one_that_does_and_the_plan_says_by_which_rule()
    {
        var evidence = new Evidence(8) { LayerSimilarity = [0.1, 0.9, 0.2, 0.3, 0.8, 0.4, 0.5, 0.6] };
        var plain = Methods.Plan("short-gpt", evidence, 0.25);
        var tuned = Methods.Plan("short-gpt", evidence, 0.25, new(Tune: TuneRule.Behind));
        Assert.Empty(plain.Tune);
        Assert.DoesNotContain("\"tune\": \"", PlanFile.ToJson(plain), StringComparison.Ordinal);
        Assert.Equal(plain.Drop, tuned.Drop);
        Assert.Equal([2, 5], tuned.Tune);
        Assert.Contains("\"tune\": \"behind\"", PlanFile.ToJson(tuned), StringComparison.Ordinal);
        Assert.False(plain.IsSameAs(tuned));
        Assert.Equal(["Tune layer 2 beside layer 1: plan.tune is behind.", "Tune layer 5 beside layer 4: plan.tune is behind."],
            tuned.Origin.Choices.Skip(2).Select(choice => choice.Reason));
    }

    [Fact]
    public void What_the_method_tunes_is_replaced_in_the_account_too()
    {
        var evidence = new Evidence(6) { LayerSimilarity = [0.1, 0.9, 0.2, 0.3, 0.8, 0.4], TripletSimilarity = [0.9, 0.1, 0.2, 0.1] };
        var plan = Methods.Plan("interlace", evidence, 0.17, new(Tune: TuneRule.Behind));
        Assert.Equal([2], plan.Tune);
        Assert.Empty(plan.Origin.Choices[0].Tune);
        Assert.Contains("is replaced", plan.Origin.Choices[0].Reason, StringComparison.Ordinal);
        Assert.Equal(PlanFile.ToJson(plan), PlanFile.ToJson(PlanFile.Parse(PlanFile.ToJson(plan), "plan")));
        Assert.Equal(3, Methods.Plan("dense", new(12), 0.25, new(Tune: TuneRule.None)).Tune.Length);   // nothing is dropped: no gap
    }
}
