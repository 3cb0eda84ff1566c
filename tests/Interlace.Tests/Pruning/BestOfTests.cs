using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class BestOfTests
{
    private static readonly Evidence Ten = new(10)
    {
        LayerSimilarity = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5, 0.1], TripletSimilarity = [0.1, 0.2, 0.3, 0.9, 0.4, 0.5, 0.6, 0.2],
    };

    private static PruningPlan Plan(Func<IReadOnlyList<int>, PlanLoss?> loss, BestBy by = BestBy.Dropped, params string[] methods) =>
        Methods.Plan("best", Ten with { PlanLoss = loss }, 0.2, new(BestBy: by) { BestOf = methods });

    [Fact]
    public void The_plan_with_the_lowest_loss_is_taken_and_the_first_named_of_equals()
    {
        string[] methods = ["interlace", "short-gpt", "consecutive"];
        PruningPlan[] own = [.. methods.Select(method => Methods.Plan(method, Ten, 0.2))];
        foreach (var (i, best) in own.Index())
        {
            var plan = Plan(drop => new([.. drop], drop.SequenceEqual(best.Drop) ? 1.5 : 2.5, null), BestBy.Dropped, methods);
            Assert.Equal(best.Drop, plan.Drop);
            Assert.Equal(best.Tune, plan.Tune);
            Assert.Equal(("best", methods[i]), (plan.Origin.Method, plan.Origin.Chosen));
            Assert.Equal(methods, plan.Origin.Compared.Select(row => row.Method));
            Assert.Equal(1.5, plan.Origin.Compared[i].Loss);
            Assert.Equal(PlanFile.ToJson(plan), PlanFile.ToJson(PlanFile.Parse(PlanFile.ToJson(plan), "plan")));
        }
        Assert.Equal("short-gpt", Plan(drop => new([.. drop], 2, null), BestBy.Dropped, "short-gpt", "interlace").Origin.Chosen);
        Assert.Equal("interlace", Plan(drop => new([.. drop], 2, null), BestBy.Dropped, "interlace", "short-gpt").Origin.Chosen);
    }

    [Fact]
    public void Bridged_losses_decide_where_that_is_asked_for_and_a_plan_without_one_is_not_taken()
    {
        int[] first = [.. Methods.Plan("interlace", Ten, 0.2).Drop];
        PlanLoss Loss(IReadOnlyList<int> drop) => drop.SequenceEqual(first) ? new([.. drop], 3, 1) : new([.. drop], 2, null);
        Assert.Equal("short-gpt", Plan(Loss, BestBy.Dropped, "interlace", "short-gpt").Origin.Chosen);
        Assert.Equal("interlace", Plan(Loss, BestBy.Bridged, "interlace", "short-gpt").Origin.Chosen);
        Assert.Contains("plan.best_by=dropped", Assert.Throws<PlanException>(() => Plan(Loss, BestBy.Bridged, "short-gpt")).Message);
        Assert.Contains("a loss that is a number", Throws(drop => new([.. drop], null, null)), StringComparison.Ordinal);
        Assert.Contains("was not measured", Throws(_ => null), StringComparison.Ordinal);

        static string Throws(Func<IReadOnlyList<int>, PlanLoss?> loss) =>
            Assert.Throws<PlanException>(() => Plan(loss, BestBy.Dropped, "interlace", "short-gpt")).Message;
    }

    [Fact]
    public void A_method_without_a_plan_stands_in_the_table_with_its_reason_and_none_at_all_is_refused()
    {
        var plan = Plan(drop => new([.. drop], 2, null), BestBy.Dropped, "streamline", "sleb", "short-gpt");
        Assert.Equal("short-gpt", plan.Origin.Chosen);
        Assert.Contains("calibrate", plan.Origin.Compared[0].Missing, StringComparison.Ordinal);
        Assert.Contains("--evidence sleb", plan.Origin.Compared[1].Missing, StringComparison.Ordinal);
        Assert.Contains("calibrate", Assert.Throws<PlanException>(() => Plan(_ => null, BestBy.Dropped, "streamline", "sleb")).Message);
    }

    [Theory]
    [InlineData("", "names no method")]
    [InlineData("interlace,interlaced", "'interlaced'")]
    [InlineData("interlace, best", "'best'")]
    [InlineData("dense", "'dense'")]
    [InlineData("sleb,interlace,sleb", "twice")]
    public void A_wrong_list_is_refused(string list, string named) =>
        Assert.Contains(named, Assert.Throws<PlanException>(() => BestOf.Parse(list)).Message);

    [Fact]
    public void Which_layers_are_tuned_is_said_for_the_plan_that_is_taken()
    {
        var plan = Methods.Plan("best", Ten with { PlanLoss = drop => new([.. drop], 2, null) }, 0.2,
            new(Tune: TuneRule.Behind) { BestOf = ["short-gpt"] });
        Assert.Equal(plan.Drop.Length, plan.Tune.Length);
        Assert.Empty(plan.Origin.Compared[0].Tune);
    }
}
