using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class EvidenceTests
{
    public static TheoryData<string> Profiles() => !Directory.Exists(Shared.At("fixtures", "similarity")) ? []
        : [.. Directory.EnumerateFiles(Shared.At("fixtures", "similarity"), "*.json").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Profiles)), Trait("Category", "Golden")]
    public void Real_profiles_are_ranked_as_published_in_spite_of_near_ties(string file)
    {
        JsonNode profile = Shared.Json("fixtures", "similarity", file);
        foreach (var (name, list) in profile["lists"]!.AsObject())
        {
            double[] scores = [.. GoldenPlans.Numbers(list).TakeWhile(double.IsFinite)];
            int[] published = GoldenPlans.Integers(profile["printed_order"]![name]);
            var plan = ShortGpt.Select(new(scores.Length) { LayerSimilarity = scores }, scores.Length - 1, new());
            Assert.Equal(published.Reverse().SkipLast(1), plan.Origin.Choices.SelectMany(choice => choice.Drop));
        }
    }

    [Fact]
    public void A_layer_that_was_not_measured_is_named_by_every_method_that_needs_it_and_ignored_by_the_others()
    {
        double[] measured = [.. Enumerable.Range(0, 40).Select(layer => 0.9 - 0.01 * (layer * 7 % 40))];
        foreach (double[] scores in new[] { measured, [.. measured[..^1], double.NaN], [.. measured[..11], double.NaN, .. measured[12..]] })
        {
            var evidence = MethodsTests.WithLosses(new(scores.Length) { LayerSimilarity = scores, TripletSimilarity = new double[scores.Length - 2], WindowSimilarity = MethodsTests.Windows(new double[scores.Length]), WindowAngle = MethodsTests.Windows(new double[scores.Length]) }, new double[scores.Length]);
            int missing = Array.FindIndex(scores, double.IsNaN);
            foreach (var (name, method) in Methods.Table)
            {
                if (missing >= 0 && method.Needs.HasFlag(EvidenceNeeds.LayerSimilarity))
                    Assert.Contains($"layer {missing} was not measured", Assert.Throws<PlanException>(() => Methods.Plan(name, evidence, 0.25)).Message);
                else Assert.Equal(name == "dense" ? 0 : DropCount.For(0.25, scores.Length), Methods.Plan(name, evidence, 0.25).Drop.Length);
            }
        }
    }

    [Fact]
    public void Means_of_a_calibration_are_taken_over_the_tokens_asked_for()
    {
        Dictionary<string, double[]> layers = new() { ["image"] = [1, 2, 3], ["prompt"] = [4, 4, 4], ["answer"] = [0, 0, 1] }, triplets = new() { ["image"] = [1], ["prompt"] = [2], ["answer"] = [0] };
        var similarity = new LayerSimilarity(LayerSimilarity.CurrentFormat, "", null!, 0, null!, 3, 0, 1, new Dictionary<string, long> { ["image"] = 4, ["prompt"] = 5, ["answer"] = 1 }, new Dictionary<string, long>(),
            [new(1, new double[3], new double[3], new double[3], new double[3], layers), new(3, new double[1], new double[1], new double[1], new double[1], triplets)]);
        var all = Evidence.Of(similarity, protectedLayers: 2, seed: 9);
        Assert.Equal([0.5, 0.6, 0.8], all.RequireLayerSimilarity());
        Assert.Equal([0.3], all.RequireTripletSimilarity());
        Assert.Equal((3, 2, 9, "all"), (all.LayerCount, all.ProtectedLayers, all.Seed, all.Tokens));
        var image = Evidence.Of(similarity, "image");
        Assert.Equal([0.25, 0.5, 0.75], image.RequireLayerSimilarity());
        Assert.Equal("image", image.Tokens);
    }

    [Fact]
    public void Scores_of_another_model_or_none_at_all_are_refused()
    {
        Assert.Contains("calibrate", Assert.Throws<PlanException>(() => new Evidence(10).RequireLayerSimilarity()).Message);
        Assert.Contains("measured on another model", Assert.Throws<PlanException>(() => new Evidence(10) { TripletSimilarity = new double[10] }.RequireTripletSimilarity()).Message);
        Assert.Throws<PlanException>(() => new Evidence(0));
    }
}
