using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class ShortenedLlmTests
{
    private static readonly double[] Numbers = [0.1, 0.2, 0.9, 0.8, 0.5, 0.5, 0.4, 0.7, 0.3, 0.1];
    private static readonly Evidence Ten = new(10) { LossWithout = Numbers, GradientImportance = [.. Numbers.Reverse()], WeightImportance = [.. Numbers.Select(x => -x)] };

    [Fact]
    public void The_lowest_layers_go_equal_ones_from_below_and_nothing_is_tuned()
    {
        var plan = ShortenedLlm.SelectByPerplexity(Ten, 6, new());
        Assert.Equal([0, 9, 1, 8, 6, 4], plan.Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Equal(0.5, plan.Origin.Choices[^1].Score);
        Assert.Empty(plan.Tune);
    }

    [Fact]
    public void Each_method_reads_its_own_numbers()
    {
        Assert.Equal([0, 1, 9], Methods.Plan("perplexity", Ten, 0.3).Drop);
        Assert.Equal([0, 8, 9], Methods.Plan("taylor", Ten, 0.3).Drop);
        Assert.Equal([2, 3, 7], Methods.Plan("magnitude-block", Ten, 0.3).Drop);
    }

    [Fact]
    public void Protected_layers_stay_and_so_do_both_ends_where_that_is_asked_for()
    {
        Assert.Equal([8, 9], ShortenedLlm.SelectByPerplexity(Ten with { ProtectedLayers = 3 }, 2, new()).Drop);
        Assert.Equal([4, 6], ShortenedLlm.SelectByPerplexity(Ten, 2, new(ProtectEnds: true)).Drop);
        Assert.Equal([6, 7], ShortenedLlm.SelectByPerplexity(Ten with { ProtectedLayers = 6 }, 2, new(ProtectEnds: true)).Drop);
        Assert.Contains("the first 4, the last 2 and all protected layers stay, so at most 4 can", Assert.Throws<PlanException>(() => ShortenedLlm.SelectByPerplexity(Ten, 5, new(ProtectEnds: true))).Message);
        Assert.Contains("at most 9 can", Assert.Throws<PlanException>(() => ShortenedLlm.SelectByTaylor(Ten, 10, new())).Message);
    }

    [Fact]
    public void A_plan_keeps_that_the_ends_were_protected_and_says_nothing_of_it_where_they_were_not()
    {
        string json = PlanFile.ToJson(Methods.Plan("taylor", Ten, 0.2, new(ProtectEnds: true)));
        Assert.Contains("\"protect_ends\": true", json);
        Assert.True(PlanFile.Parse(json, "plan").Origin.ProtectEnds);
        Assert.DoesNotContain("protect_ends", PlanFile.ToJson(Methods.Plan("taylor", Ten, 0.2)));
    }

    [Fact]
    public void Numbers_that_are_missing_or_of_another_model_are_refused_with_the_cure()
    {
        foreach (string name in new[] { "perplexity", "taylor", "magnitude-block" })
            Assert.Contains($"--evidence {name}", Assert.Throws<PlanException>(() => Methods.Plan(name, new(10), 0.3)).Message);
        Assert.Contains("9 layers", Assert.Throws<PlanException>(() => Methods.Plan("taylor", Ten with { GradientImportance = new double[9] }, 0.3)).Message);
        Assert.Contains("layer 4", Assert.Throws<PlanException>(() => Methods.Plan("taylor", Ten with { GradientImportance = [.. Numbers.Select((x, l) => l == 4 ? double.NaN : x)] }, 0.3)).Message);
    }
}
