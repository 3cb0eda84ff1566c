using System.Text.Json.Nodes;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

/// <summary>What the authors' released functions select from invented similarities, and from measured ones.</summary>
public class AuthorsSelectionsTests
{
    private static readonly SelectionRules Rules =
        new(Weighting.Samples, Tie.First, LastSpan: false, Shortage.Pairs, ConsecutiveRun.FromMostSimilar, Chance.Python);

    private static readonly Dictionary<string, (string Method, SelectionRules Rules)> Functions = new()
    {
        ["interlace"] = ("interlace", Rules),
        ["interlace_without_pairs"] = ("interlace", Rules with { Shortage = Shortage.Refuse }),
        ["interlace_oa"] = ("ordered", Rules),
        ["interlace_tn"] = ("train-next", Rules),
        ["random"] = ("random", Rules),
        ["consecutive"] = ("consecutive", Rules),
    };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        if (!File.Exists(Shared.At("fixtures", "authors", "selections.json"))) return cases;
        foreach (var entry in Selections())
            foreach (var (function, _) in entry!["selections"]!.AsObject()) cases.Add(entry["name"]!.GetValue<string>(), function);
        return cases;
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases)), Trait("Category", "Golden")]
    public void The_authors_functions_select_the_same_layers_in_the_same_order_or_stop_where_we_refuse(string name, string function)
    {
        var entry = Selections().Single(found => found!["name"]!.GetValue<string>() == name)!;
        var golden = entry["selections"]![function]!;
        int layers = entry["layers"]!.GetValue<int>(), drops = entry["drops"]!.GetValue<int>();
        double[] Pack(int length)
        {
            // The authors never measure the span that ends with the last layer.
            double[] means = [.. Enumerable.Repeat(double.NaN, layers - length + 1)];
            foreach (var (start, samples) in entry[$"pack{length}"]!.AsObject())
                means[int.Parse(start, System.Globalization.CultureInfo.InvariantCulture)] = GoldenPlans.Numbers(samples).Average();
            return means;
        }
        var evidence = new Evidence(layers)
        {
            LayerSimilarity = Pack(1), TripletSimilarity = Pack(3), WindowSimilarity = Pack, Seed = 42,
        };
        var (method, rules) = Functions[function];
        PruningPlan Plan() => Methods.Find(method).Select(evidence, drops, new(SelectionRules: rules));
        if (!golden["accepted"]!.GetValue<bool>())
        {
            Assert.Throws<PlanException>(Plan);
            return;
        }
        var plan = Plan();
        Assert.Equal(GoldenPlans.Integers(golden["dropped_in_order"]), plan.Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Equal(GoldenPlans.Integers(golden["tuned_in_order"]), plan.Origin.Choices.SelectMany(choice => choice.Tune));
    }

    [Fact]
    public void A_pair_without_an_anchor_makes_up_the_number_and_the_plan_says_so()
    {
        // Triplet 1 (layers 1, 2, 3) is the best of six layers; no other is left beside it, but the pair of 4 and 5 is.
        var evidence = new Evidence(6)
        {
            LayerSimilarity = [0.1, 0.5, 0.6, 0.2, 0.7, 0.7], TripletSimilarity = [0.1, 0.9, 0.2, 0.3],
            WindowSimilarity = length => length == 2 ? [0.9, 0.9, 0.9, 0.9, 0.8] : throw new InvalidOperationException(),
        };
        PruningPlan Plan(SelectionRules rules) => Methods.Plan("interlace", evidence, 0.34, new(SelectionRules: rules));
        Assert.Equal([2, 5], Plan(new(Shortage: Shortage.Pairs)).Drop);
        var first = Plan(new(Shortage: Shortage.Pairs, Ties: Tie.First));
        Assert.Equal([2, 4], first.Drop);
        Assert.Equal([1, 5], first.Tune);
        Assert.Contains("no anchor", first.Origin.Choices[1].Reason);
        Assert.Equal(first.Origin.Rules, PlanFile.Parse(PlanFile.ToJson(first), "text").Origin.Rules);
        Assert.Equal(PlanFile.ToJson(first), PlanFile.ToJson(PlanFile.Parse(PlanFile.ToJson(first), "text")));
        // Without the last span the pair is none, and nothing is left.
        string message = Assert.Throws<PlanException>(() => Plan(new(Shortage: Shortage.Pairs, LastSpan: false))).Message;
        Assert.Contains("only 1 triplets and pairs", message);
        Assert.Contains("only 1 triplets", Assert.Throws<PlanException>(() => Plan(new(Shortage: Shortage.Refuse))).Message);
        Assert.Equal(2, Plan(new()).Drop.Length);   // the guard passes the best triplet over
    }

    [Fact]
    public void A_plan_of_the_paper_says_nothing_of_rules() =>
        Assert.DoesNotContain("\"rules\"", PlanFile.ToJson(Methods.Plan("random", new Evidence(8), 0.25)));

    private static JsonArray Selections() => Shared.Json("fixtures", "authors", "selections.json")["cases"]!.AsArray();
}
