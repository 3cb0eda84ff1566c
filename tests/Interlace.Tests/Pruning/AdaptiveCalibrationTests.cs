using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning;

public sealed class AdaptiveCalibrationTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model = TinyCheckpoints.Tied;
    private readonly Experiment _experiment;

    public AdaptiveCalibrationTests()
    {
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        foreach (var (s, set) in new[] { "a", "b", "c" }.Index())
            ParquetRows.Write(_scratch.At("data", set, "train.parquet"), [.. Enumerable.Range(0, 40).Select(i => new TestRow(i % 3 == s ? [image] : [], [.. Enumerable.Range(0, i % 13 == 5 ? 9 : 1 + s).Select(t => ($"What is number {i} of {set}?", (string?)$"It is {i * t}."))]))], new());
        _experiment = new Experiment(Seed: 2, Data: new(_scratch.At("data"), Rate: 1), Calibrate: new(Fraction: 1, BatchTokens: 400, Adaptive: true, AdaptiveConfidence: 0.6), Plan: new(Ratio: 0.1));
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void It_stops_when_the_plan_comes_out_often_enough_at_two_checks_in_a_row_wherever_it_was_interrupted()
    {
        List<string> said = [];
        var similarity = Run("whole", log: said.Add);
        var stability = PlanStability.Load(_scratch.At("whole", PlanStability.Name));
        Assert.Equal(0.6, similarity.Settings.Adaptive!.Confidence);
        Assert.Equal((similarity.Samples, 120), (stability.Samples, stability.Drawn));
        Assert.InRange(stability.Samples, 32, 100);   // of those left after the filter
        var plan = PlanStage.Run(similarity, _experiment.Plan!, _experiment.Seed);
        Assert.Equal(plan.Drop, stability.Drop);
        Assert.Equal(plan.Tune, stability.Tune);
        var checks = stability.Checks;
        Assert.True(checks.Length >= 2);
        Assert.True(checks[^1].Agreement >= 0.6 && checks[^2].Agreement >= 0.6 && checks[^1].Drop.SequenceEqual(checks[^2].Drop));
        Assert.DoesNotContain(checks.Zip(checks.Skip(1)).SkipLast(1), pair => pair.First.Agreement >= 0.6 && pair.Second.Agreement >= 0.6 && pair.First.Drop.SequenceEqual(pair.Second.Drop));
        Assert.Equal((checks[^1].Samples, checks[^1].Agreement), (stability.Samples, stability.DropAgreement));
        Assert.Contains("120 drawn", Assert.Single(said), StringComparison.Ordinal);
        Assert.True(similarity.Skipped.Values.Sum() > 0);

        // Killed after every batch, and once between the two artefacts.
        int ends = 0;
        for (; ends < 200; ends++)
        {
            int left = ends % 3;   // batches until the next end
            try { Run("broken", new ImmediateProgress(_ => { if (left-- == 0) throw new OperationCanceledException(); })); break; }
            catch (OperationCanceledException) { }
        }
        Assert.True(ends > 2);
        Same("whole", "broken");
        File.Delete(_scratch.At("broken", PlanStability.Name));
        Run("broken");
        Same("whole", "broken");
    }

    [Fact]
    public void Without_it_every_sample_is_used_in_the_order_of_the_draw()
    {
        var all = Run("all", change: options => options with { Adaptive = false });
        Assert.Null(all.Settings.Adaptive);
        Assert.DoesNotContain("adaptive", File.ReadAllText(_scratch.At("all", LayerSimilarity.Name)), StringComparison.Ordinal);
        Assert.Equal([LayerSimilarity.Name, LayerSimilarity.SamplesName], Directory.EnumerateFiles(_scratch.At("all")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        // What never agrees often enough uses all of them too, in another order.
        List<int> asked = [];
        using var loaded = LoadedModel.Open(_model, CPU, ScalarType.Float32);
        bool Never(IReadOnlyList<SampleSums> samples)
        {
            asked.Add(samples.Count);
            return false;
        }
        var never = CalibrationStage.Run(loaded, new Job(_experiment, Compute.Choose("cpu", "fp32", 1)), _scratch.At("never"), Never);
        Assert.Equal(6, asked.Count);   // of 32, 40, 50, 63, 79, 99, 120 rows; the filter leaves fewer samples
        Assert.Equal(all.Tokens, never.Tokens);
        Assert.Equal(all.Skipped, never.Skipped);
        Assert.Equal(all.LayerMeans(), never.LayerMeans(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void The_stability_of_any_calibration_can_be_shown()
    {
        Run("run", change: options => options with { Adaptive = false });
        string[] line = ["plan", _scratch.At("run"), "--ratio", "0.25", "--stability", "--seed", "3"];
        var shown = CommandRun.Of([.. line, "--json"]).Json();
        var expected = PlanStability.Of(_scratch.At("run", LayerSimilarity.Name), new(), 3);
        Assert.Equal(expected.DropProbability, shown["drop_probability"]!.AsArray().Select(share => share!.GetValue<double>()));
        Assert.Null(shown["drawn"]);
        Assert.False(File.Exists(_scratch.At("run", PlanFile.Name)));
        string text = CommandRun.Of(line).Out;
        Assert.Contains($"exactly these in {100 * expected.DropAgreement:0.0} % of 200 resamplings", text, StringComparison.Ordinal);
        Run("adaptive");
        Assert.Contains("checked at", CommandRun.Of("inspect", _scratch.At("adaptive", PlanStability.Name)).Out, StringComparison.Ordinal);

        File.Copy(_scratch.At("adaptive", LayerSimilarity.SamplesName), _scratch.At("run", LayerSimilarity.SamplesName), overwrite: true);
        Assert.Contains("another calibration", CommandRun.Of(line).Refusal(), StringComparison.Ordinal);
        File.Delete(_scratch.At("run", LayerSimilarity.SamplesName));
        Assert.Contains(LayerSimilarity.SamplesName, CommandRun.Of(line).Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_that_does_not_depend_on_similarities_is_refused()
    {
        string refusal = CommandRun.Of("calibrate", _model, "--data", _scratch.At("data"), "--out", _scratch.At("none"), "--adaptive", "--method", "random").Refusal();
        Assert.Contains("'random' does not depend on similarities", refusal, StringComparison.Ordinal);
        Assert.False(Path.Exists(_scratch.At("none")));
    }

    private LayerSimilarity Run(string name, IProgress<StageProgress>? progress = null, Action<string>? log = null, Func<CalibrationOptions, CalibrationOptions>? change = null)
    {
        var compute = Compute.Choose("cpu", "fp32", 1);
        using var loaded = LoadedModel.Open(_model, CPU, ScalarType.Float32);
        var experiment = _experiment with { Calibrate = (change ?? (options => options))(_experiment.Calibrate!) };
        return AdaptiveCalibration.Run(loaded, new Job(experiment, compute, log, progress), _scratch.At(name));
    }

    private void Same(string one, string other)
    {
        string[] Files(string name) => [.. Directory.EnumerateFiles(_scratch.At(name)).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal([LayerSimilarity.Name, LayerSimilarity.SamplesName, PlanStability.Name], Files(one));
        Assert.Equal(Files(one), Files(other));
        Assert.All(Files(one), file => Assert.Equal(File.ReadAllBytes(_scratch.At(one, file)), File.ReadAllBytes(_scratch.At(other, file))));
    }
}
