using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.Tests.Runs;

public sealed class RoundsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model;
    private readonly Experiment _experiment;

    public RoundsTests()
    {
        _model = _scratch.Copy(TinyCheckpoints.Tied, "model");
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 12).Select(i => new TestRow([image], [($"What is number {i}?", $"It is {i}.")]))], new());
        _experiment = new(Model: _model, Device: "cpu", Dtype: "fp32", Data: new(_scratch.At("data"), Rate: 1), Calibrate: new(Fraction: 1, BatchTokens: 200), Plan: new(Ratio: 0.25, Rounds: 2),
            Finetune: new(LearningRate: 1e-3, SamplesPerStep: 4, SaveEvery: 1));
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Each_round_starts_from_the_model_before_and_the_run_ends_with_one_plan_and_one_model()
    {
        Preflight.Check(_experiment);
        Run("run");
        PruningPlan Plan(params string[] at) => PlanFile.Load(_scratch.At(["run", .. at, PlanFile.Name]));
        var (first, second, all) = (Plan("rounds", "1"), Plan("rounds", "2"), Plan());
        Assert.Equal((12, 2), (first.LayerCount, first.Drop.Length));
        Assert.Equal((10, 1), (second.LayerCount, second.Drop.Length));
        Assert.Equal([.. first.Drop.Append(first.OriginalIndex(second.Drop[0])).Order()], all.Drop);
        Assert.Equal(PlanFile.ToJson(all), File.ReadAllText(_scratch.At("run", "tuned", PlanFile.Name)));
        Assert.True(all.Drop.Min() >= 3);   // protected in every round

        var (before, after) = (LayerSimilarity.Load(_scratch.At("run", "rounds", "1", LayerSimilarity.Name)), LayerSimilarity.Load(_scratch.At("run", "rounds", "2", LayerSimilarity.Name)));
        Assert.Equal(File.ReadAllBytes(_scratch.At("run", "rounds", "1", LayerSimilarity.Name)), File.ReadAllBytes(_scratch.At("run", LayerSimilarity.Name)));
        Assert.Equal((12, 10), (before.Layers, after.Layers));
        // The second round measured the tuned model, and carries no record of an older tuning.
        Assert.NotEqual(before.LayerMeans()[0..1], after.LayerMeans()[^1..]);
        Assert.False(File.Exists(_scratch.At("run", "rounds", "2", "pruned", TrainingRecord.Name)));
        Assert.Equal(2, TrainingRecord.Load(_scratch.At("run", "rounds", "1", "tuned", TrainingRecord.Name)).TunedLayers.Length);

        Assert.True(CardFile.IsOurs(_scratch.At("run", "tuned")));
        Assert.Empty(Directory.EnumerateFiles(_scratch.At("run", "rounds"), CardFile.Name, SearchOption.AllDirectories));

        // The outcome is an ordinary tuned folder of the unpruned model: all of it but the tuned layers is the model's, byte for byte.
        var checks = Verification.Structure(_scratch.At("run", "tuned"), _model);
        Assert.All(checks, check => Assert.True(check.Passed, $"{check.Name}: {check.Detail}"));
        Assert.Equal(all.Kept, PrunedModelFile.Load(_scratch.At("run", "tuned")).KeptLayers);
        Assert.Equal(0, CommandRun.Of("generate", _scratch.At("run", "tuned"), "Hello", "--device", "cpu", "--dtype", "fp32", "--max-new-tokens", "2").Code);
        string[] stages = [.. JsonNode.Parse(File.ReadAllText(_scratch.At("run", RunFolder.Timings)))!.AsArray().Select(stage => (string)stage!["name"]!)];
        Assert.Equal(["round 1 calibrate", "round 1 plan", "round 1 prune", "round 1 finetune", "round 1 report", "round 2 calibrate", "round 2 plan", "round 2 prune", "round 2 finetune", "round 2 report", "prune", "report"], stages);
    }

    [Fact]
    public void Rounds_that_are_killed_go_on_to_the_same_bytes()
    {
        Run("whole");
        string[] moments = ["round 1: calibrate: ", "round 1: finetune: ", "round 1: report: ", "round 2: calibrate: ", "round 2: prune: ", "finetune 2", "round 2: report: ", "prune: "];
        foreach (string moment in moments)
        {
            bool inStep = moment.StartsWith("finetune ", StringComparison.Ordinal);
            int finetunes = 0;
            void Kill() => throw new InvalidOperationException("killed");
            Assert.Throws<InvalidOperationException>(() => Run("broken", line => { if (!inStep && line.StartsWith(moment, StringComparison.Ordinal) && !line.Contains("done before", StringComparison.Ordinal)) Kill(); },
                step => { if (inStep && step.Stage == "finetune" && ++finetunes == 2) Kill(); }));
        }
        Run("broken");
        string[] whole = Files("whole");
        Assert.Equal(whole, Files("broken"));
        foreach (string file in whole)
            if (Path.GetFileName(file) is not (RunFolder.Timings or RunFolder.Summary or RunFolder.Report or "report.md" or TrainingLog.Name))
                Assert.True(File.ReadAllBytes(_scratch.At("whole", file)).AsSpan().SequenceEqual(File.ReadAllBytes(_scratch.At("broken", file))), file);
    }

    [Fact]
    public void Drops_are_shared_out_and_rounds_reach_what_one_plan_cannot()
    {
        var rounds = Rounds.Of(new(Ratio: 0.25, Rounds: 4), 36);
        Assert.Equal([(36, 3), (33, 2), (31, 2), (29, 2)], rounds.Select(round => (round.Layers, DropCount.For(round.Options.Ratio, round.Layers))));
        Assert.All(rounds, round => Assert.Equal(1, round.Options.Rounds));
        Preflight.Check(_experiment with { Plan = new(Ratio: 0.42, Rounds: 2) });   // 5 of 12 layers: 3 and 2
        Assert.Contains("largest possible ratio", Assert.Throws<PlanException>(() => Preflight.Check(_experiment with { Plan = new(Ratio: 0.42) })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan.rounds=4", "drops only 3 of 12 layers")]
    [InlineData("plan.method=dense", "drops nothing")]
    [InlineData("plan.rounds=0", "1 or more")]
    public void Rounds_that_cannot_be_are_refused(string setting, string named)
    {
        File.WriteAllText(_scratch.At("experiment.json"), ExperimentFile.ToJson(_experiment));
        Assert.Contains(named, CommandRun.Of("run", _scratch.At("experiment.json"), "--out", _scratch.At("none"), "--set", setting).Refusal(), StringComparison.Ordinal);
        Assert.False(Path.Exists(_scratch.At("none")));
    }

    [Fact]
    public void One_plan_alone_cannot_be_made_in_rounds()
    {
        var similarity = Interlace.Tests.Pruning.PlanBootstrapTests.Similarity(Interlace.Tests.Pruning.PlanBootstrapTests.Samples(5, 1));
        Assert.Contains("interlace run", Assert.Throws<PlanException>(() => PlanStage.Run(similarity, new(Rounds: 2), 0)).Message, StringComparison.Ordinal);
    }

    private void Run(string name, Action<string>? log = null, Action<StageProgress>? progress = null) =>
        new Pipeline(new Job(_experiment, Demo.Fp32, log, progress is null ? null : new ImmediateProgress(progress)), _scratch.At(name)).Run();

    private string[] Files(string name) => [.. Directory.EnumerateFiles(_scratch.At(name), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_scratch.At(name), file)).Order(StringComparer.Ordinal)];
}
