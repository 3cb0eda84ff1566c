using System.Text.Json.Nodes;
using CsCheck;
using Interlace.Pruning;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Pruning;

public class TripletsTests
{
    private static readonly MethodOptions Greedy = new(), Optimal = new(Selection.Optimal);

    // Ten layers. Triplet 4 is best; then 3, 5 and 2 overlap it, 0 does not; 7 is last but one.
    private static readonly Evidence Ten = new(10)
    {
        LayerSimilarity = [0.30, 0.40, 0.50, 0.60, 0.95, 0.90, 0.70, 0.80, 0.80, 0.20],
        TripletSimilarity = [0.50, 0.40, 0.60, 0.70, 0.90, 0.65, 0.30, 0.35],
    };

    [Fact]
    public void A_model_that_is_too_small_for_one_triplet_is_told_so()
    {
        var four = new Evidence(4) { ProtectedLayers = 3, LayerSimilarity = [0.1, 0.2, 0.3, 0.4], TripletSimilarity = [0.5, 0.6] };
        string message = Assert.Throws<PlanException>(() => Methods.Plan("interlace", four, 0.25)).Message;
        Assert.EndsWith("so at most 0 can; the largest possible ratio is 0, this method needs a model with more layers.", message);
        Assert.DoesNotContain("-0", message);
    }

    public static TheoryData<string> Cases() => [.. GoldenPlans.Cases()];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases)), Trait("Category", "Golden")]
    public void Plans_equal_the_reference_where_it_succeeds_and_are_complete_where_it_comes_short(string id)
    {
        var (evidence, golden) = GoldenPlans.Load(id);
        double ratio = golden["rho"]!.GetValue<double>();
        int count = golden["K"]!.GetValue<int>(), largest = Largest(evidence);
        Assert.Equal(count, DropCount.For(ratio, evidence.LayerCount));
        if (count > largest)
        {
            Assert.True(golden["dropped_fewer_than_K"]!.GetValue<bool>());
            Assert.Contains($"at most {largest}", Assert.Throws<PlanException>(() => Methods.Plan("interlace", evidence, ratio)).Message);
            return;
        }
        var plan = Methods.Plan("interlace", evidence, ratio);
        Assert.Equal(count, plan.Drop.Length);
        Assert.Equal(count, plan.Tune.Length);
        if (golden["dropped_fewer_than_K"]!.GetValue<bool>()) return;
        Assert.Equal(GoldenPlans.Integers(golden["taken_triplets_in_order"]), plan.Origin.Choices.Select(choice => choice.Layers[0]));
        Assert.Equal(GoldenPlans.Integers(golden["dropped_in_order"]), plan.Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Equal(GoldenPlans.Integers(golden["tuned_in_order"]), plan.Origin.Choices.SelectMany(choice => choice.Tune));
        Assert.Equal(GoldenPlans.Integers(golden["dropped"]), plan.Drop);
        Assert.Equal(GoldenPlans.Integers(golden["tuned"]), plan.Tune);
        Assert.Equal(GoldenPlans.Integers(golden["frozen_third"]).Concat(GoldenPlans.Integers(golden["untouched"])).Order(), plan.Freeze);
        Assert.Equal(GoldenPlans.Integers(golden["kept_original_indices"]), plan.Kept);
        Assert.Equal(GoldenPlans.Integers(golden["tuned_new_indices"]), plan.TuneNew);
    }

    [Fact, Trait("Category", "Golden")]
    public void The_demo_model_s_plans_equal_the_reference_program_s()
    {
        JsonNode similarity = FirstDemo.Reference["similarity"]!;
        var layers = GoldenPlans.Numbers(similarity["layer"]);
        var levels = Shared.Json("demo", "model", "config.json")["vision_config"]!["deepstack_visual_indexes"]!.AsArray().Count;
        foreach (var (name, golden) in FirstDemo.Plans)
        {
            double ratio = double.Parse(name.Split('-')[^1], System.Globalization.CultureInfo.InvariantCulture);
            var plan = Methods.Plan("interlace",
                new(layers.Length) { LayerSimilarity = layers, TripletSimilarity = GoldenPlans.Numbers(similarity["triplet"]),
                ProtectedLayers = levels }, ratio);
            Assert.Equal(GoldenPlans.Integers(golden!["drop"]), plan.Drop);
            Assert.Equal(GoldenPlans.Integers(golden["tune"]), plan.Tune);
        }
    }

    [Fact]
    public void The_best_triplets_that_share_no_layer_are_taken_and_their_more_similar_layer_dropped()
    {
        var plan = Triplets.Select(Ten, 3, Greedy);
        Assert.Equal([4, 0, 7], plan.Origin.Choices.Select(choice => choice.Layers[0]));
        Assert.Equal([4, 1, 8], plan.Origin.Choices.SelectMany(choice => choice.Drop));   // 7 and 8 are equal: the second goes
        Assert.Equal([0, 5, 7], plan.Tune);
        Assert.Equal([2, 3, 6, 9], plan.Freeze);
        Assert.Contains("0.95 > 0.9", plan.Origin.Choices[0].Reason);
    }

    [Fact]
    public void Equal_scores_drop_the_second_layer()
    {
        var plan = Triplets.Select(new(3) { LayerSimilarity = [0.5, 0.5, 0.9], TripletSimilarity = [0.4] }, 1, Greedy);
        Assert.Equal([1], plan.Drop);
        Assert.Equal([0], plan.Tune);
    }

    [Fact]
    public void The_guard_skips_a_triplet_that_would_leave_too_little_room()
    {
        // Plain greedy takes triplet 4 of 9 layers, and then only triplet 1 fits: two instead of three.
        var evidence = new Evidence(9) { LayerSimilarity = new double[9], TripletSimilarity = [0.1, 0.2, 0.3, 0.4, 0.9, 0.4, 0.3] };
        Assert.Equal(2, Plain(evidence, 3).Count);
        Assert.Equal([3, 6, 0], Triplets.Select(evidence, 3, Greedy).Origin.Choices.Select(choice => choice.Layers[0]));
    }

    [Fact]
    public void A_protected_first_layer_makes_the_second_the_dropped_one()
    {
        var evidence = Ten with { LayerSimilarity = [0.9, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], TripletSimilarity = [0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1] };
        Assert.Equal([0], Triplets.Select(evidence, 1, Greedy).Drop);
        var plan = Triplets.Select(evidence with { ProtectedLayers = 1 }, 1, Greedy);
        Assert.Equal([1], plan.Drop);
        Assert.Equal([0], plan.Tune);
        Assert.DoesNotContain(0, Triplets.Select(evidence with { ProtectedLayers = 2 }, 1, Greedy).Tune);
    }

    [Fact]
    public void More_layers_than_triplets_are_refused_with_the_largest_ratio()
    {
        string message = Assert.Throws<PlanException>(() => Triplets.Select(Ten with { ProtectedLayers = 3 }, 3, Greedy)).Message;
        Assert.Equal("3 of 10 layers cannot be dropped: each takes three layers of its own from layer 2 on, the first 3 layers being protected, so at most 2 can; the largest possible ratio is 0.2.", message);
    }

    [Fact]
    public void Ordered_assignment_drops_the_first_and_tunes_the_second_of_the_same_triplets()
    {
        var plan = Triplets.SelectOrdered(Ten with { LayerSimilarity = null }, 3, Greedy);
        Assert.Equal([0, 4, 7], plan.Drop);
        Assert.Equal([1, 5, 8], plan.Tune);
        Assert.Equal(Triplets.Select(Ten, 3, Greedy).Origin.Choices.Select(choice => choice.Layers[0]), plan.Origin.Choices.Select(choice => choice.Layers[0]));
    }

    [Fact]
    public void Optimal_selection_finds_the_largest_sum()
    {
        // Greedy: 2 (1.0) and then 5 (0.1); better: 0 + 3 = 1.8.
        var evidence = new Evidence(8) { LayerSimilarity = new double[8], TripletSimilarity = [0.9, 0.2, 1.0, 0.9, 0.2, 0.1] };
        Assert.Equal([2, 5], Triplets.Select(evidence, 2, Greedy).Origin.Choices.Select(choice => choice.Layers[0]));
        Assert.Equal([0, 3], Triplets.Select(evidence, 2, Optimal).Origin.Choices.Select(choice => choice.Layers[0]));
    }

    [Fact]
    public void Greedy_always_reaches_a_possible_count_and_equals_the_plain_algorithm_where_that_succeeds() => Scores(40).Sample(evidence =>
    {
        for (int count = 0; count <= Largest(evidence); count++)
        {
            var picks = Picks(evidence, count, Greedy);
            var plain = Plain(evidence, count);
            if (picks.Count != count || plain.Count == count && !picks.SequenceEqual(plain)) return false;
        }
        return true;
    }, iter: 300);

    [Fact]
    public void Every_plan_drops_and_tunes_one_layer_of_each_of_its_disjoint_triplets() => Scores(40).Sample(evidence =>
    {
        foreach (var options in new[] { Greedy, Optimal })
        {
            int count = Largest(evidence);
            var plan = Triplets.Select(evidence, count, options);
            int[] layers = [.. plan.Origin.Choices.SelectMany(choice => choice.Layers)];
            if (plan.Drop.Length != count || plan.Tune.Length != count || layers.Distinct().Count() != 3 * count
                || plan.Drop.Any(layer => layer < evidence.ProtectedLayers)
                || !plan.Origin.Choices.All(choice => plan.Freeze.Contains(choice.Layers[2]))) return false;
        }
        return true;
    }, iter: 300);

    [Fact]
    public void Optimal_sums_are_never_below_greedy_ones_and_equal_those_of_trying_everything() => Scores(12).Sample(evidence =>
    {
        for (int count = 0; count <= Largest(evidence); count++)
        {
            double greedy = Sum(evidence, Picks(evidence, count, Greedy)), optimal = Sum(evidence, Picks(evidence, count, Optimal));
            if (optimal < greedy - 1e-12 || Math.Abs(optimal - BestOfAll(evidence, Math.Max(0, evidence.ProtectedLayers - 1), count)) > 1e-12) return false;
        }
        return true;
    }, iter: 300);

    // Scores in steps of a tenth: ties are common.
    private static Gen<Evidence> Scores(int largest) =>
        from layers in Gen.Int[1, largest]
        from similarity in Gen.Int[-10, 10].Select(tenths => tenths / 10.0).Array[layers]
        from triplets in Gen.Int[-10, 10].Select(tenths => tenths / 10.0).Array[Math.Max(0, layers - 2)]
        from guarded in Gen.Int[0, 4]
        select new Evidence(layers) { LayerSimilarity = similarity, TripletSimilarity = triplets, ProtectedLayers = guarded };

    private static int Largest(Evidence evidence) => Math.Max(0, evidence.LayerCount - Math.Max(0, evidence.ProtectedLayers - 1)) / 3;

    private static List<int> Picks(Evidence evidence, int count, MethodOptions options) => [.. Triplets.Select(evidence, count, options).Origin.Choices.Select(choice => choice.Layers[0])];

    private static double Sum(Evidence evidence, IEnumerable<int> starts) => starts.Sum(start => evidence.TripletSimilarity![start]);

    /// <summary>Algorithm 1 as the paper prints it.</summary>
    private static List<int> Plain(Evidence evidence, int count)
    {
        var taken = new List<int>();
        var assigned = new HashSet<int>();
        foreach (int start in Enumerable.Range(0, evidence.TripletSimilarity!.Count).OrderByDescending(start => evidence.TripletSimilarity[start]).ThenBy(start => start))
        {
            int[] triplet = [start, start + 1, start + 2];
            if (taken.Count == count || assigned.Overlaps(triplet) || start + 1 < evidence.ProtectedLayers) continue;
            taken.Add(start);
            assigned.UnionWith(triplet);
        }
        return taken;
    }

    private static double BestOfAll(Evidence evidence, int from, int count)
    {
        if (count == 0) return 0;
        double best = double.NegativeInfinity;
        for (int start = from; start < evidence.TripletSimilarity!.Count; start++)
            best = Math.Max(best, evidence.TripletSimilarity[start] + BestOfAll(evidence, start + 3, count - 1));
        return best;
    }
}
