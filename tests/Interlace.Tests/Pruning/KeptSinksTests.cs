using System.Text.Json.Nodes;
using CsCheck;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Pruning;

/// <summary>Layers that write attention sinks: warned of, or kept.</summary>
public class KeptSinksTests
{
    private static readonly Evidence Nine = new(9)
    {
        LayerSimilarity = [0.1, 0.9, 0.5, 0.2, 0.8, 0.3, 0.1, 0.7, 0.1], TripletSimilarity = [0.5, 0.4, 0.3, 0.9, 0.2, 0.1, 0.6],
    };

    [Fact]
    public void The_triplet_of_a_sink_drops_the_other_layer_and_one_of_two_sinks_is_passed_over()
    {
        PruningPlan Plan(bool keeps, params int[] sinks) => Some(0.34, keeps, sinks);
        static PruningPlan Some(double ratio, bool keeps, int[] sinks) =>
            Methods.Plan("interlace", Nine with { SinkWriters = sinks, KeepsSinks = keeps }, ratio);
        var (plain, kept, passed) = (Plan(false), Plan(true, 4), Some(0.23, true, [3, 4]));
        Assert.Equal(("4 7 1", "3 6 0"), (Dropped(plain), Tuned(plain)));   // triplets 3, 6 and 0
        Assert.Empty(plain.Origin.Warnings);
        Assert.Equal(("3 7 1", "4 6 0"), (Dropped(kept), Tuned(kept)));
        Assert.Contains("layer 4 writes an attention sink", kept.Origin.Choices[0].Reason, StringComparison.Ordinal);
        Assert.Equal([4], kept.Origin.SinksKept!);
        Assert.Equal(("7 1", "6 0"), (Dropped(passed), Tuned(passed)));
        Assert.Contains("at most 2 can", Assert.Throws<PlanException>(() => Plan(true, 3, 4)).Message);   // three need 3 to 5
    }

    [Fact]
    public void A_dropped_sink_is_warned_of_and_the_plan_s_layers_stay_those_of_the_method()
    {
        var (plain, warned) = (Methods.Plan("interlace", Nine, 0.34), Methods.Plan("interlace", Nine with { SinkWriters = [0, 7] }, 0.34));
        Assert.True(plain.IsSameAs(warned));
        string warning = Assert.Single(warned.Origin.Warnings);
        Assert.StartsWith("Layer 7 is dropped and writes an attention sink", warning, StringComparison.Ordinal);
        Assert.Null(warned.Origin.SinksKept);
        Assert.DoesNotContain("sinks_kept", PlanFile.ToJson(warned), StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_says_which_layers_were_kept_and_reads_back()
    {
        var plan = Methods.Plan("short-gpt", Nine with { SinkWriters = [1, 4], KeepsSinks = true }, 0.23);
        Assert.Equal([2, 7], plan.Drop);
        string json = PlanFile.ToJson(plan);
        Assert.Contains("\"sinks_kept\": [1, 4]", json, StringComparison.Ordinal);
        Assert.Equal(json, PlanFile.ToJson(PlanFile.Parse(json, "plan")));
        Assert.False(plan.IsSameAs(Methods.Plan("short-gpt", Nine with { SinkWriters = [1, 4] }, 0.23)));
        Assert.Contains("they write sinks", Assert.Throws<PlanException>(() =>
            PlanFile.Parse(json.Replace("\"sinks_kept\": [1, 4]", "\"sinks_kept\": [2]", StringComparison.Ordinal), "plan")).Message);
        var none = Methods.Plan("short-gpt", Nine with { KeepsSinks = true }, 0.23);
        Assert.Contains("\"sinks_kept\": []", PlanFile.ToJson(none), StringComparison.Ordinal);
        Assert.Equal([1, 4], none.Drop);
    }

    [Fact]
    public void A_window_that_only_the_first_layers_would_give_is_refused_by_streamline()
    {
        double[] layer = [.. Enumerable.Repeat(0.5, 8)];
        var evidence = new Evidence(8)
        {
            LayerSimilarity = layer, WindowSimilarity = MethodsTests.Windows(layer), SinkWriters = [3, 6], KeepsSinks = true,
        };
        Assert.Contains("No 3 layers in a row", Assert.Throws<PlanException>(() => Methods.Plan("streamline", evidence, 0.38)).Message);
    }

    public static TheoryData<string> Names() => [.. Methods.Table.Keys];

    [Theory, MemberData(nameof(Names))]
    public void No_method_drops_a_sink_that_is_kept_and_each_drops_as_many_layers_as_ever(string name) =>
        (from layers in Gen.Int[6, 24] from guarded in Gen.Int[0, 3] from ratio in Gen.Double[0, 0.4]
         from layer in Gen.Double[-1, 1].Array[layers] from triplet in Gen.Double[-1, 1].Array[layers - 2]
         from sinks in Gen.Int[0, layers - 1].Array[0, 4]
         select (Evidence: MethodsTests.WithLosses(new Evidence(layers)
         {
             LayerSimilarity = layer, TripletSimilarity = triplet, WindowSimilarity = MethodsTests.Windows(layer),
             WindowAngle = MethodsTests.Windows(layer), ProtectedLayers = guarded,
             SinkWriters = [.. sinks.Distinct().Order()], KeepsSinks = true,
         }, layer), ratio)).Sample(given =>
        {
            try
            {
                var plan = Methods.Plan(name, given.Evidence, given.ratio);
                return plan.Drop.All(given.Evidence.IsDroppable)
                    && plan.Drop.Length == (name == "dense" ? 0 : DropCount.For(given.ratio, given.Evidence.LayerCount));
            }
            catch (PlanException)
            {
                return DropCount.For(given.ratio, given.Evidence.LayerCount) > 0;
            }
        }, iter: 200);

    [Theory]
    [InlineData("greedy")]
    [InlineData("optimal")]
    public void Triplets_around_sinks_are_found_wherever_there_are_any(string selection) =>
        (from layers in Gen.Int[3, 11] from guarded in Gen.Int[0, 2] from count in Gen.Int[1, 3]
         from layer in Gen.Double[0, 1].Array[layers] from triplet in Gen.Double[0, 1].Array[layers - 2]
         from sinks in Gen.Int[0, layers - 1].Array[0, 4]
         select (Evidence: new Evidence(layers)
         {
             LayerSimilarity = layer, TripletSimilarity = triplet, ProtectedLayers = guarded,
             SinkWriters = [.. sinks.Distinct().Order()], KeepsSinks = true,
         }, count)).Sample(given =>
        {
            var (evidence, count) = given;
            double best = Best(evidence, 0, count);
            var options = new MethodOptions(selection == "optimal" ? Selection.Optimal : Selection.Greedy);
            try
            {
                var plan = Triplets.Select(evidence, count, options);
                double sum = plan.Origin.Choices.Sum(choice => choice.Score!.Value);
                return plan.Drop.Length == count && plan.Drop.All(evidence.IsDroppable)
                    && (options.Selection == Selection.Greedy ? sum <= best + 1e-12 : Math.Abs(sum - best) < 1e-12);
            }
            catch (PlanException)
            {
                return double.IsNegativeInfinity(best);
            }
        }, iter: 500);

    [Fact]
    public void An_old_calibration_says_to_calibrate_again_where_sinks_are_to_be_kept()
    {
        using var scratch = new ScratchFolder();
        var samples = PlanBootstrapTests.Samples(6, 3);
        var old = PlanBootstrapTests.Similarity(samples);
        old.Save(scratch.At("similarity.json"));
        Assert.DoesNotContain("sinks", File.ReadAllText(scratch.At("similarity.json")), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("plan", scratch.Path, "--ratio", "0.1").Code);
        var refused = CommandRun.Of("plan", scratch.Path, "--ratio", "0.1", "--protect", "sinks", "--force");
        Assert.Contains("calibrate again", refused.Refusal());
    }

    [Fact]
    public void The_command_keeps_sinks_warns_of_them_and_shows_the_profile()
    {
        using var scratch = new ScratchFolder();
        var samples = PlanBootstrapTests.Samples(6, 3);
        var similarity = PlanBootstrapTests.Similarity(samples);
        int layers = similarity.Layers, sink = Methods.Plan("interlace", Evidence.Of(similarity), 0.1).Drop[0];
        double[] raised = [.. Enumerable.Range(0, layers).Select(layer => layer == sink ? 40.0 : 1.5)];
        double[] ones = [.. Enumerable.Repeat(1.0, layers)];
        (similarity with { Sinks = new(ones, ones, ones, raised) }).Save(scratch.At("similarity.json"));
        string[] plan = ["plan", scratch.Path, "--ratio", "0.1", "--no-protect", "--force"];
        string warned = string.Join(' ', CommandRun.Of(plan).Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"Layer {sink} is dropped and writes an attention sink", warned, StringComparison.Ordinal);
        foreach (string[] keep in new[] { new[] { "--protect", "sinks" }, ["--protect=sinks"], ["--protect-sinks"] })
        {
            JsonNode kept = CommandRun.Of([.. plan, .. keep, "--json"]).Json();
            Assert.DoesNotContain(sink, kept["drop"]!["original"]!.AsArray().Select(layer => (int)layer!));
            Assert.Equal([sink], kept["settings"]!["sinks_kept"]!.AsArray().Select(layer => (int)layer!));
            Assert.Equal(0, (int)kept["settings"]!["protected_layers"]!);
        }
        JsonNode usual = CommandRun.Of("plan", "--protect", scratch.Path, "--ratio", "0.1", "--force", "--json").Json();
        Assert.Equal(similarity.VisualLevels, (int)usual["settings"]!["protected_layers"]!);
        string shown = CommandRun.Of("inspect", scratch.At("similarity.json")).Out;
        Assert.Contains("largest norm", shown, StringComparison.Ordinal);
        Assert.Contains("x 40.00", shown, StringComparison.Ordinal);
        JsonNode damaged = JsonNode.Parse(File.ReadAllText(scratch.At("similarity.json")))!;
        damaged["sinks"]!["largest_norm_ratio"]!.AsArray().RemoveAt(0);
        File.WriteAllText(scratch.At("similarity.json"), damaged.ToJsonString());
        Assert.Contains("profile of sinks", CommandRun.Of("inspect", scratch.At("similarity.json")).Refusal());
    }

    /// <summary>The largest sum over so many disjoint triplets of which one of the first two layers may go; minus infinity: none.</summary>
    private static double Best(Evidence evidence, int from, int count)
    {
        if (count == 0) return 0;
        double best = double.NegativeInfinity;
        for (int start = from; start + 3 <= evidence.LayerCount; start++)
            if (evidence.IsDroppable(start) || evidence.IsDroppable(start + 1))
                best = Math.Max(best, evidence.TripletSimilarity![start] + Best(evidence, start + 3, count - 1));
        return best;
    }

    private static string Dropped(PruningPlan plan) => string.Join(' ', plan.Origin.Choices.SelectMany(choice => choice.Drop));
    private static string Tuned(PruningPlan plan) => string.Join(' ', plan.Origin.Choices.SelectMany(choice => choice.Tune));
}
