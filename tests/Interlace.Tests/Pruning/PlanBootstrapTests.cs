using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Vlm;

namespace Interlace.Tests.Pruning;

public class PlanBootstrapTests
{
    private const int Layers = 12;
    private static readonly int[] Spans = [1, 2, 3, 4];
    private static readonly PlanOptions Options = new(Ratio: 0.25);

    [Theory]
    [InlineData("interlace", "all")]
    [InlineData("interlace", "answer")]
    [InlineData("consecutive", "all")]
    [InlineData("short-gpt", "image")]
    [InlineData("streamline", "all")]
    [InlineData("angular", "all")]
    public void The_plan_of_all_samples_is_the_plan_of_their_calibration(string method, string tokens)
    {
        var options = Options with { Method = method, Tokens = tokens };
        for (ulong seed = 0; seed < 20; seed++)
        {
            var samples = Samples(40, seed);
            var similarity = Similarity(samples);
            var (expected, found) = (PlanStage.Run(similarity, options, 0), new PlanBootstrap(Layers, similarity.VisualLevels, options, 0).Of(samples)!);
            Assert.Equal(expected.Drop, found.Plan.Drop);
            Assert.Equal(expected.Tune, found.Plan.Tune);
        }
    }

    [Fact]
    public void Shares_are_those_of_plans_that_drop_and_tune_as_many_layers_each()
    {
        var found = new PlanBootstrap(Layers, 3, Options, 7).Of(Samples(40, 5))!;
        Assert.Equal(3, found.Drop.Sum(), 1e-9);
        Assert.Equal(3, found.Tune.Sum(), 1e-9);
        Assert.All(found.Drop.Concat(found.Tune), share => Assert.InRange(share, 0, 1));
        Assert.All(found.Drop[..3], share => Assert.Equal(0, share));   // protected
        Assert.InRange(found.SameDrop, 0.005, 0.995);
        Assert.InRange(found.SamePlan, 0, found.SameDrop);
        // Where exactly these layers come out, each of them does.
        Assert.All(found.Plan.Drop, layer => Assert.True(found.Drop[layer] >= found.SameDrop));
    }

    [Fact]
    public void Samples_that_are_all_alike_leave_no_doubt()
    {
        var one = Samples(1, 3)[0];
        var found = new PlanBootstrap(Layers, 3, Options, 0).Of([.. Enumerable.Repeat(one, 30)])!;
        Assert.Equal((1, 1), (found.SameDrop, found.SamePlan));
        Assert.Equal(Enumerable.Range(0, Layers).Select(layer => found.Plan.Drop.Contains(layer) ? 1.0 : 0), found.Drop);
        Assert.Equal(Enumerable.Range(0, Layers).Select(layer => found.Plan.Tune.Contains(layer) ? 1.0 : 0), found.Tune);
    }

    [Fact]
    public void A_choice_that_half_of_the_samples_decide_each_way_is_a_toss()
    {
        // Layer 5 or 8: as many samples say so as say otherwise, and all of them are equally long.
        SampleSums[] samples = [.. Enumerable.Range(0, 60).Select(i => Sample([10, 10, 10], (span, start) => span == 1 && start == (i % 2 == 0 ? 5 : 8) ? 0.9 : 0.5))];
        var found = new PlanBootstrap(Layers, 0, new(Method: "short-gpt", Ratio: 1.0 / Layers), 2).Of(samples)!;
        Assert.InRange(found.Drop[5], 0.3, 0.7);
        Assert.Equal(1, found.Drop[5] + found.Drop[8], 1e-9);
    }

    [Fact]
    public void Chance_comes_from_the_seed_alone()
    {
        var samples = Samples(40, 5);
        double[] Drop(int seed) => new PlanBootstrap(Layers, 3, Options, seed).Of(samples)!.Drop;
        Assert.Equal(Drop(1), Drop(1));
        Assert.NotEqual(Drop(1), Drop(2));
    }

    [Fact]
    public void Samples_without_a_token_of_the_class_give_no_plan_and_a_window_that_was_not_measured_is_named()
    {
        var options = Options with { Tokens = "image" };
        Assert.Null(new PlanBootstrap(Layers, 3, options, 0).Of([Sample([0, 5, 5], (_, _) => 0.5)]));
        // Of three samples one has an image: drawings without it count as no agreement.
        var found = new PlanBootstrap(Layers, 3, options, 0).Of([Sample([4, 5, 5], (span, start) => 0.1 * start / span), Sample([0, 5, 5], (_, _) => 0.5), Sample([0, 5, 5], (_, _) => 0.5)])!;
        Assert.InRange(found.SameDrop, 0.55, 0.85);   // 1 - (2/3)^3 = 0.70
        Assert.Contains("max_window=7", Assert.Throws<InputException>(() => new PlanBootstrap(Layers, 0, new("streamline", 0.5), 0).Of(Samples(3, 1))).Message, StringComparison.Ordinal);
    }

    internal static SampleSums[] Samples(int count, ulong seed)
    {
        var random = new SplitMix64(seed);
        double[] levels = [.. Enumerable.Range(0, Layers * (Spans.Max() + 1)).Select(_ => random.NextDouble())];
        return [.. Enumerable.Range(0, count).Select(_ => Sample([random.Next(20), 5 + random.Next(20), 5 + random.Next(20)], (span, start) => 0.8 + 0.02 * levels[span * Layers + start] + 0.1 * (random.NextDouble() - 0.5)))];
    }

    private static SampleSums Sample(long[] counts, Func<int, int, double> cosine)
    {
        var sample = SampleSums.Empty(Layers, Spans, counts);
        foreach (var (span, (sums, last)) in sample.Spans)
            for (int i = 0; i < last.Length; i++)
            {
                double value = cosine(span, i);
                for (int c = 0; c < 3; c++) sums[i * 3 + c] = counts[c] * (value + 0.001 * c * i);
                last[i] = value;
            }
        return sample;
    }

    internal static LayerSimilarity Similarity(IReadOnlyList<SampleSums> samples) => new(LayerSimilarity.CurrentFormat, ProgramVersion.CreatedBy, new(1, 1, 3, 5, 100, null, false, 4, 100, "cpu", "fp32"), 0,
        new(new("a", "b", new Dictionary<string, long> { ["model.safetensors"] = 1 }), new(1, 4, "c")), Layers, 3, samples.Count,
        LayerSimilarity.Classes.Index().ToDictionary(c => c.Item, c => samples.Sum(sample => sample.Counts[c.Index])), new Dictionary<string, long>(), LayerSimilarity.Aggregate(samples, Spans));
}
