using CsCheck;
using Interlace.Pruning;
using Interlace.Pruning.Losses;

namespace Interlace.Tests.Pruning;

public class MethodsTests
{
    public static TheoryData<string> Names() => [.. Methods.Table.Keys];

    /// <summary>A score for every window of a length: the mean of its layers'.</summary>
    internal static Func<int, IReadOnlyList<double>> Windows(double[] layers) => length => [.. Enumerable.Range(0, layers.Length - length + 1).Select(i => layers[i..(i + length)].Average())];

    /// <summary>The evidence with what loss- and weight-based methods need: the same scores for each, and an order of removal through all layers that may go.</summary>
    internal static Evidence WithLosses(Evidence evidence, double[] layers) => evidence with
    {
        LossWithout = layers, GradientImportance = layers, WeightImportance = layers,
        LossesWithout = (removed, candidates) => [.. candidates.Select(layer => layers[layer] + removed.Sum(gone => layers[gone]))],
        PlanLoss = drop => new([.. drop], drop.Sum(layer => layers[layer]), null),
        RemovalOrder = [.. SlebSearch.Candidates(evidence.LayerCount, evidence.ProtectedLayers, []).OrderBy(layer => layers[layer]).Select(layer => new Removal(layer, layers[layer]))],
    };

    [Theory, MemberData(nameof(Names))]
    public void Every_method_drops_exactly_the_count_outside_of_the_protected_layers_or_says_what_it_can(string name) =>
        (from layers in Gen.Int[1, 36] from guarded in Gen.Int[0, 3] from seed in Gen.Int from ratio in Gen.Double[0, 0.6]
         from layer in Gen.Double[-1, 1].Array[layers] from triplet in Gen.Double[-1, 1].Array[Math.Max(0, layers - 2)]
         select (Evidence: WithLosses(new Evidence(layers) { LayerSimilarity = layer, TripletSimilarity = triplet, WindowSimilarity = Windows(layer), WindowAngle = Windows(layer), ProtectedLayers = guarded, Seed = seed }, layer), ratio)).Sample(given =>
        {
            int count = DropCount.For(given.ratio, given.Evidence.LayerCount);
            try
            {
                var plan = Methods.Plan(name, given.Evidence, given.ratio);
                if (name == "best")
                    return plan.Drop.Length == count && plan.Drop.All(given.Evidence.IsDroppable) && plan.Tune.Length <= count;
                int tuned = name is "short-gpt" or "angular" or "perplexity" or "taylor" or "magnitude-block" ? 0 : name == "streamline" ? Math.Min(1, count) : count;
                return plan.Drop.Length == (name == "dense" ? 0 : count) && plan.Tune.Length == tuned && plan.Drop.All(given.Evidence.IsDroppable)
                    && plan.Origin.Method == name && PlanFile.ToJson(plan) == PlanFile.ToJson(Methods.Plan(name, given.Evidence, given.ratio));
            }
            catch (PlanException e)
            {
                return count > 0 && e.Message.Contains("the largest possible ratio is");
            }
        }, iter: 200);

    [Theory, MemberData(nameof(Names))]
    public void The_largest_ratio_that_a_refusal_names_works(string name)
    {
        var evidence = WithLosses(new Evidence(36) { LayerSimilarity = new double[36], TripletSimilarity = new double[34], WindowSimilarity = Windows(new double[36]), WindowAngle = Windows(new double[36]), ProtectedLayers = 3 }, new double[36]);
        if (name == "dense")
        {
            Assert.Equal(35, Methods.Plan(name, evidence, 0.99).Tune.Length);
            return;
        }
        string message = Assert.Throws<PlanException>(() => Methods.Plan(name, evidence, 0.95)).Message;
        double largest = double.Parse(message[(message.LastIndexOf(' ') + 1)..^1]);
        var plan = Methods.Plan(name, evidence, largest);
        Assert.Contains($"at most {plan.Drop.Length} can", message);
        if (name == "best") return;   // what it names is the first method's, and others can do more
        Assert.Throws<PlanException>(() => Methods.Plan(name, evidence, largest + 1.0 / 36));
    }

    [Theory, MemberData(nameof(Names))]
    public void Less_than_one_layer_gives_an_empty_plan_and_a_warning(string name)
    {
        var plan = Methods.Plan(name, new(12) { LayerSimilarity = new double[12], TripletSimilarity = new double[10] }, 0.08);
        Assert.Empty(plan.Drop);
        Assert.Empty(plan.Tune);
        Assert.Contains("less than one layer", Assert.Single(plan.Origin.Warnings));
    }

    [Fact]
    public void An_unknown_method_is_answered_with_the_known_ones() =>
        Assert.Contains("interlace, ordered, train-next", Assert.Throws<PlanException>(() => Methods.Plan("interlaced", new(12), 0.25)).Message);

    [Fact]
    public void The_plan_carries_what_the_method_saw()
    {
        var evidence = new Evidence(12) { LayerSimilarity = new double[12], TripletSimilarity = new double[10], ProtectedLayers = 2, Seed = 5, Tokens = "image" };
        var origin = Methods.Plan("interlace", evidence, 0.25, new(Selection.Optimal)).Origin;
        Assert.Equal(("interlace", 0.25, Selection.Optimal, "image", 2, 5), (origin.Method, origin.Ratio, origin.Selection, origin.Tokens, origin.ProtectedLayers, origin.Seed));
        Assert.Same(evidence.LayerSimilarity, origin.LayerSimilarity);
        Assert.Empty(origin.Warnings);
    }
}
