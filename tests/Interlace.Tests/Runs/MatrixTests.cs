using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Evaluation;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Runs;

/// <summary>A small matrix on the demo's model.</summary>
public sealed class MatrixTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Lines_share_what_they_can_and_a_matrix_that_is_interrupted_repeats_no_finished_stage()
    {
        var experiment = Experiment(new("interlace", Tune: false), new("interlace"), new("random", Seed: 1), new("dense"), new("short-gpt"), new("streamline", Ratio: 0.13), new("wanda", Pattern: "2:4"), new("sleb", Tune: false), new("sleb", Tune: true));
        string whole = _scratch.At("whole"), broken = _scratch.At("broken");
        string[] stages = Run(experiment, whole);
        Assert.Equal(stages.Length, stages.Distinct().Count());
        Assert.Single(stages, stage => stage.EndsWith("calibrate", StringComparison.Ordinal));
        Assert.Equal(1 + 1 + 1 + 6 + 7 + 5 + 9, stages.Length);   // calibrate, evidence, dense, plans, prune or sparsify, finetune, evaluate
        Assert.True(Array.IndexOf(stages, "short-gpt-25: prune") < Array.IndexOf(stages, "dense-25: prune"));
        Assert.Equal(["dense-25", "interlace-25", "random-25-seed1", "short-gpt-25", "sleb-25", "streamline-13", "wanda-2of4"], Folders(whole));
        Assert.Equal(["dropped", "recovered"], Names(Path.Combine(whole, RunFolder.Variants, "interlace-25", RunFolder.Evaluated)));
        Assert.Equal(["recovered"], Names(Path.Combine(whole, RunFolder.Variants, "random-25-seed1", RunFolder.Evaluated)));
        Assert.False(Directory.Exists(Path.Combine(whole, RunFolder.Variants, "short-gpt-25", RunFolder.Tuned)));
        Assert.Equal(2, PlanFile.Load(Path.Combine(whole, RunFolder.Variants, "streamline-13", PlanFile.Name)).Drop.Length);   // its window of three layers was measured

        // Interrupted once in each kind of stage.
        var done = new List<string>();
        foreach (string kind in new[] { "calibrate", "evaluate dense", "wanda-2of4 sparsify", "random-25-seed1 finetune", "streamline-13 evaluate recovered" })
        {
            using var stop = new CancellationTokenSource();
            var ended = Record.Exception(() => Run(experiment, broken, done, new ImmediateProgress(step => { if (step.Stage == kind && step.Done > 0 && step.Done < step.Total) stop.Cancel(); }), cancellation: stop.Token));
            Assert.True(ended is OperationCanceledException, $"{kind} was not interrupted, {(stop.IsCancellationRequested ? "though asked to" : "and never seen")}: {ended}");
            done.RemoveAt(done.Count - 1);   // the stage that was interrupted
        }
        Run(experiment, broken, done);
        Assert.Equal(stages, done);
        foreach (string scores in Directory.EnumerateFiles(whole, ScoresFile.Name, SearchOption.AllDirectories))
            Assert.Equal(File.ReadAllBytes(scores), File.ReadAllBytes(Path.Combine(broken, Path.GetRelativePath(whole, scores))));
        Assert.Empty(Run(experiment, broken));
    }

    [Fact]
    public void Models_are_discarded_when_all_lines_of_their_plan_are_scored()
    {
        var experiment = Experiment(new("interlace", Tune: false), new("interlace"));
        string folder = _scratch.At("matrix"), plan = Path.Combine(folder, RunFolder.Variants, "interlace-25");
        Run(experiment, folder, discard: true);
        Assert.False(Directory.Exists(Path.Combine(plan, RunFolder.Pruned)) || Directory.Exists(Path.Combine(plan, RunFolder.Tuned)));
        Assert.Equal(["dropped", "recovered"], Names(Path.Combine(plan, RunFolder.Evaluated)));
        Assert.Empty(Run(experiment, folder, discard: true));
    }

    [Fact]
    public void Lines_may_be_done_in_rounds_or_learn_from_the_parent()
    {
        var experiment = Experiment(new("interlace", Rounds: 2), new("interlace", Distill: 0.5), new("interlace", Selection: "optimal"));
        string folder = _scratch.At("matrix");
        string[] stages = Run(experiment, folder);
        Assert.Contains("interlace-25-rounds2: rounds", stages);
        Assert.Equal(["interlace-25-distill50", "interlace-25-optimal", "interlace-25-rounds2"], Folders(folder));
        Assert.Equal(4, PlanFile.Load(Path.Combine(folder, RunFolder.Variants, "interlace-25-rounds2", PlanFile.Name)).Drop.Length);
        Assert.All(Folders(folder), name => Assert.Equal(["recovered"], Names(Path.Combine(folder, RunFolder.Variants, name, RunFolder.Evaluated))));
        Assert.Empty(Run(experiment, folder));
        string report = File.ReadAllText(Path.Combine(folder, "report.md"));
        Assert.All(new[] { "Interlace (rounds2)", "Interlace (distill50)", "Interlace (optimal)" }, name => Assert.Contains(name, report, StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_may_be_bridged_and_is_evaluated_as_it_is_and_after_tuning()
    {
        var experiment = Experiment(new("interlace", Tune: false), new("interlace", Tune: false, Bridge: true), new("interlace", Bridge: true));
        string folder = _scratch.At("matrix");
        string[] stages = Run(experiment, folder);
        Assert.Equal(["interlace-25", "interlace-25-bridged"], Folders(folder));
        string Line(string name, params string[] parts) => Path.Combine([folder, RunFolder.Variants, name, .. parts]);
        Assert.Equal(["dropped", "recovered"], Names(Line("interlace-25-bridged", RunFolder.Evaluated)));
        Assert.Equal(2, stages.Count(stage => stage.EndsWith(": prune", StringComparison.Ordinal)));
        PrunedModelFile plain = PrunedModelFile.Load(Line("interlace-25", RunFolder.Pruned)), bridged = PrunedModelFile.Load(Line("interlace-25-bridged", RunFolder.Pruned));
        Assert.Null(plain.Bridge);
        Assert.NotEmpty(bridged.Bridge!.Layers);
        // Tuning begins with the bridged model, and its folder says so.
        Assert.Equal(bridged.Bridge.ToJson(), PrunedModelFile.Load(Line("interlace-25-bridged", RunFolder.Tuned)).Bridge!.ToJson());
        string Kind(string evaluated) => ScoresFile.Load(Line("interlace-25-bridged", RunFolder.Evaluated, evaluated, ScoresFile.Name)).Inputs.History!.Kind;
        Assert.Equal(("pruned and bridged", "pruned, bridged and fine-tuned"), (Kind("dropped"), Kind("recovered")));
        Assert.Contains("Interlace (bridged)", File.ReadAllText(Path.Combine(folder, "report.md")), StringComparison.Ordinal);
        Assert.Empty(Run(experiment, folder));
        // Where models are looked at again, those of another ridge do not stand for the line.
        Directory.Delete(Line("interlace-25-bridged", RunFolder.Evaluated), recursive: true);
        Assert.Contains("bridged with other settings", Assert.Throws<InputException>(() => Run(experiment with { Prune = new(Ridge: 0.5) }, folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_s_one_layer_may_be_fitted_to_its_window()
    {
        string folder = _scratch.At("matrix");
        Run(Experiment(new("streamline"), new("streamline", Objective: "window-mse")), folder);
        Assert.Equal(["streamline-25", "streamline-25-window-mse"], Folders(folder));
        TrainingRecord Record(string name) => TrainingRecord.Load(Path.Combine(folder, RunFolder.Variants, name, RunFolder.Tuned, TrainingRecord.Name));
        Assert.Equal(("language", "window-mse"), (Record("streamline-25").Settings.Objective, Record("streamline-25-window-mse").Settings.Objective));
        Assert.Equal(Record("streamline-25").TunedLayers, Record("streamline-25-window-mse").TunedLayers);
        Assert.Contains("(window-mse)", File.ReadAllText(Path.Combine(folder, "report.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_may_set_values_of_its_tuning()
    {
        string folder = _scratch.At("matrix");
        Run(Experiment(new("interlace"), new("interlace", Set: ["finetune.lora=2"])), folder);
        Assert.Equal(["interlace-25", "interlace-25-lora-2"], Folders(folder));
        int Lora(string name) =>
            TrainingRecord.Load(Path.Combine(folder, RunFolder.Variants, name, RunFolder.Tuned, TrainingRecord.Name)).Settings.Lora;
        Assert.Equal((0, 2), (Lora("interlace-25"), Lora("interlace-25-lora-2")));
        Assert.Contains("lora-2", File.ReadAllText(Path.Combine(folder, "report.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_cannot_be_served_are_refused_before_anything_is_computed()
    {
        void Refused(string expected, params Variant[] lines) => Assert.Contains(expected, Assert.Throws<InputException>(() => Matrix.Check(Experiment(lines))).Message, StringComparison.Ordinal);
        Refused("variants.1: ", new("interlace"), new("interlace", Ratio: 0.6));
        Refused("variants.0: There is no selection method 'interlaced'", new Variant("interlaced"));
        Refused("variants.0: short-gpt names no layers to tune: leave tune out.", new Variant("short-gpt", Tune: true));
        Refused("variants.0: short-gpt drops layers: a pattern is for wanda and magnitude.", new Variant("short-gpt", Pattern: "2:4"));
        Refused("variants.0: wanda names no layers to tune: leave tune out.", new Variant("wanda", Tune: true));
        Refused("variants.0: ", new Variant("wanda", Pattern: "3:7"));
        Refused("variants.0: plan.rounds is 9", new Variant("interlace", Rounds: 9));
        Refused("variants.0: Every round ends with tuning", new Variant("interlace", Rounds: 2, Tune: false));
        Refused("variants.0: plan.rounds is 2 and prune.bridge is true", new Variant("interlace", Rounds: 2, Bridge: true));
        Refused("variants.0: wanda drops no layer: leave bridge out.", new Variant("wanda", Bridge: true));
        Refused("variants.0: Every round ends with tuning", new Variant("short-gpt", Rounds: 2));
        Refused("Two lines of the variants are the same: interlace-25, recovered.", new("interlace"), new("interlace", Ratio: 0.25, Tune: true));
        Refused("variants.0: finetune.objective = window-mse fits one layer to a window of dropped layers behind it, and the plan tunes", new Variant("interlace", Objective: "window-mse"));
        Refused("only values of finetune can be set for one line", new Variant("interlace", Set: ["plan.ratio=0.5"]));
        Refused("finetune.lora is 'much', expected a whole number", new Variant("interlace", Set: ["finetune.lora=much"]));
        Refused("variants.0: finetune.objective = window-mse has no predictions to learn", new Variant("streamline", Distill: 0.5, Objective: "window-mse"));
        Refused("variants.0: finetune.objective = window-mse fits one window of the unpruned model: leave plan.rounds at 1", new Variant("streamline", Rounds: 2, Objective: "window-mse"));
        Refused("The experiment has no variants");
        Matrix.Check(Experiment(new("streamline"), new("streamline", Objective: "window-mse"), new("streamline", Tune: false, Objective: "window-mse")));
        Matrix.Check(Experiment(new("interlace"), new("interlace", Tune: false), new("interlace", Protocol: "cot"), new("angular"), new("streamline")));
    }

    [Fact]
    public void A_line_is_named_by_what_makes_it_differ()
    {
        var experiment = Experiment();
        Assert.Equal("interlace-12.5", new Variant("interlace", Ratio: 0.125).FolderIn(experiment));
        Assert.Equal("interlace-25-optimal-image-unprotected-seed3", new Variant("interlace", Selection: "optimal", Tokens: "image", Protect: false, Seed: 3).FolderIn(experiment));
        Assert.Equal("interlace-25-rounds2-distill50", new Variant("interlace", Rounds: 2, Distill: 0.5).FolderIn(experiment));
        Assert.Equal("streamline-25-window-mse", new Variant("streamline", Objective: "window-mse").FolderIn(experiment));
        Assert.Equal("interlace-25-train-tune-projector-learning-rate-3e-2",
            new Variant(Set: ["finetune.train=tune+projector", "finetune.learning_rate=3e-2"]).FolderIn(experiment));
        Assert.Equal("interlace-25-bridged", new Variant("interlace", Bridge: true).FolderIn(experiment));
        Assert.Equal("interlace-25-unbridged", new Variant("interlace", Bridge: false).FolderIn(experiment with { Prune = new(Bridge: true) }));
        Assert.Equal("wanda-2of4", new Variant("wanda", Pattern: "2:4").FolderIn(experiment));
        Assert.Equal("recovered-cot", new Variant("interlace", Protocol: "cot").EvaluationIn(experiment, "recovered"));
    }

    private static string[] Folders(string matrix) => Names(Path.Combine(matrix, RunFolder.Variants));

    private static string[] Names(string folder) => [.. Directory.EnumerateDirectories(folder).Select(inner => Path.GetFileName(inner)).Order(StringComparer.Ordinal)];

    /// <summary>Runs a matrix and gives the stages that were begun, in order.</summary>
    private static string[] Run(Experiment experiment, string folder, List<string>? begun = null, IProgress<StageProgress>? progress = null, bool discard = false, CancellationToken cancellation = default)
    {
        begun ??= [];
        void Log(string line)
        {
            if (line.StartsWith('[')) begun.Add(line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split(';')[0]);
        }
        new Matrix(new Job(experiment, Demo.Fp32, Log, progress, cancellation), folder) { DiscardModels = discard }.Run();
        return [.. begun];
    }

    private static Experiment Experiment(params Variant[] lines)
    {
        string demo = Path.Combine(Shared.Repository, "assets", "demo");
        return new(Model: Path.Combine(demo, "model"), Seed: 0, Device: "cpu", Dtype: "fp32", Data: new(Path.Combine(demo, "finevision"), Rate: 0.03, Workers: 1), Calibrate: new(Fraction: 0.3, BatchTokens: 512, EvidenceSamples: 4),
            Finetune: new(LearningRate: 5e-4, MaxSteps: 3, SamplesPerStep: 4, SaveEvery: 1, MicroBatchTokens: 512), Evaluate: new(Path.Combine(demo, "benchmarks"), Limit: 4, MaxNewTokens: 4, Slots: 4), Variants: lines);
    }
}
