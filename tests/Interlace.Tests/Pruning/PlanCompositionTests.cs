using CsCheck;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class PlanCompositionTests
{
    [Fact]
    public void Layers_have_the_numbers_of_the_first_model()
    {
        var first = PruningPlan.Create(8, drop: [2, 5], tune: [1, 6], new() { Method = "interlace", ProtectedLayers = 1, Choices = [new([1, 2, 3], [2], [1], 0.9, "first")] });
        // What is left is 0 1 3 4 6 7: here layer 4 is 6 of the first model, and layer 2 is 3.
        var second = PruningPlan.Create(6, drop: [4], tune: [2, 5], new() { Choices = [new([4, 5], [4], [5], 0.8, "second")], Warnings = ["Beware."] });
        var both = PlanComposition.Compose([first, second], 0.4);
        Assert.Equal([2, 5, 6], both.Drop);
        Assert.Equal([1, 3, 7], both.Tune);   // 6 was tuned, and then dropped
        Assert.Equal([0, 1, 3, 4, 7], both.Kept);
        Assert.Equal((0.4, "interlace", 1), (both.Origin.Ratio, both.Origin.Method, both.Origin.ProtectedLayers));
        Assert.Equal(["Round 1 dropped layer 2 and tuned layer 1.", "Round 2 dropped layer 6 and tuned layer 7."], both.Origin.Choices.Select(choice => choice.Reason));
        Assert.Equal([6, 7], both.Origin.Choices[1].Layers);
        Assert.Contains("Beware.", both.Origin.Warnings);
        Assert.Contains(both.Origin.Warnings, warning => warning.Contains("2 rounds", StringComparison.Ordinal));
        Assert.Equal(both.Drop, PlanFile.Parse(PlanFile.ToJson(both), "x").Drop);
    }

    [Fact]
    public void A_report_draws_the_triplets_that_are_still_neighbours()
    {
        using var scratch = new ScratchFolder();
        var first = PruningPlan.Create(9, drop: [4], tune: [3], new() { Choices = [new([3, 4, 5], [4], [3], 0.9, "")] });
        PlanFile.Save(PlanComposition.Compose([first, PruningPlan.Create(8, drop: [6], tune: [5], new() { Choices = [new([5, 6, 7], [6], [5], 0.9, "")] })], 0.25), scratch.At("whole.json"));
        Assert.Equal([3, 6], Interlace.Reporting.RunReport.Plan(scratch.At("whole.json"))!.Triplets!);
        var second = PruningPlan.Create(8, drop: [2], tune: [3], new() { Choices = [new([2, 3, 4], [2], [3], 0.9, "")] });   // layers 2 3 5 of the first model
        PlanFile.Save(PlanComposition.Compose([first, second], 0.25), scratch.At("gap.json"));
        Assert.Equal([3], Interlace.Reporting.RunReport.Plan(scratch.At("gap.json"))!.Triplets!);
    }

    [Fact]
    public void What_all_plans_keep_is_kept_in_its_order() => Gen.Select(Gen.Int[2, 40], Gen.ULong).Sample((layers, seed) =>
    {
        var random = new Vlm.SplitMix64(seed);
        string[] names = [.. Enumerable.Range(0, layers).Select(layer => $"layer {layer}")], left = names;
        var plans = new List<PruningPlan>();
        for (int round = 0; round < 3; round++)
        {
            int[] order = [.. Enumerable.Range(0, left.Length)];
            random.Shuffle(order.AsSpan());
            int drops = random.Next(left.Length), tunes = random.Next(left.Length - drops + 1);
            plans.Add(PruningPlan.Create(left.Length, order[..drops], order[drops..(drops + tunes)]));
            left = [.. plans[^1].Kept.Select(layer => left[layer])];
        }
        var all = PlanComposition.Compose(plans, 0.5);
        Assert.Equal(left, all.Kept.Select(layer => names[layer]));
        Assert.Equal(layers - left.Length, all.Drop.Length);
        Assert.ProperSubset(all.Tune.Select(layer => names[layer]).Append("none").ToHashSet(), plans[^1].TuneNew.Select(layer => left[layer]).ToHashSet());
    });

    [Fact]
    public void Plans_that_do_not_follow_on_each_other_are_refused()
    {
        Assert.Contains("8 decoder layers, round 1 leaves 7", Assert.Throws<PlanException>(() => PlanComposition.Compose([PruningPlan.Create(8, [1], []), PruningPlan.Create(8, [1], [])], 0.25)).Message, StringComparison.Ordinal);
        Assert.Throws<PlanException>(() => PlanComposition.Compose([], 0.25));
    }
}
