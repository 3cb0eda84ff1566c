using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Runs;

/// <summary>Evidence of the methods that search with losses or compare plans by them.</summary>
public sealed class LossSearchTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model = TinyCheckpoints.Tied;
    private readonly Compute _compute = new(CPU, ScalarType.Float32, 1);
    private readonly Experiment _experiment;

    public LossSearchTests()
    {
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 6).Select(i =>
            new TestRow([], [($"What is number {i}?", string.Join(' ', Enumerable.Repeat($"It is {i}.", i + 1)))]))], new());
        _experiment = new Experiment(Model: _model, Device: "cpu", Dtype: "fp32", Data: new(_scratch.At("data"), Rate: 1),
            Calibrate: new(Fraction: 1, EvidenceSamples: 4, MaxWindow: 4),
            Plan: new("interlace-loss", 0.25)).Complete();
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_search_ended_after_any_round_goes_on_to_the_same_bytes_and_what_it_measured_serves_others()
    {
        using var loaded = Open();
        foreach (string folder in new[] { "whole", "broken" }) Calibrate(loaded, folder);
        Measure(loaded, "whole", _experiment);
        byte[] whole = File.ReadAllBytes(At("whole"));
        Assert.Equal([0, 1, 2], MeasuredLosses.Load(At("whole")).Rounds.Select(round => round.Removed.Length));
        foreach (int after in new[] { 1, 2 })
        {
            using var ending = new CancellationTokenSource();
            var progress = new ImmediateProgress(told =>
            {
                if (told.Note == $"round {after + 1} of 3") ending.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => EvidenceStage.Run("interlace-loss", loaded,
                new Job(_experiment, _compute, null, progress, ending.Token), _scratch.At("broken")));
            Assert.False(File.Exists(At("broken")));
            Assert.Equal(after, MeasuredLosses.Load(Path.ChangeExtension(At("broken"), ".state.json")).Rounds.Length);
        }
        Measure(loaded, "broken", _experiment);
        Assert.Equal(whole, File.ReadAllBytes(At("broken")));
        Assert.Equal(["interlace-loss.json"], Names(_scratch.At("broken", "evidence")));

        // another search measures what it lacks and leaves the rest as it is
        var shorter = _experiment with { Plan = _experiment.Plan! with { Ratio = 0.17 } };
        Assert.False(EvidenceStage.IsThere("interlace-loss", loaded, shorter, _scratch.At("whole")));   // it leaves more triplets open
        Measure(loaded, "whole", shorter);
        Assert.True(EvidenceStage.IsThere("interlace-loss", loaded, shorter, _scratch.At("whole")));
        Assert.True(EvidenceStage.IsThere("interlace-loss", loaded, _experiment, _scratch.At("whole")));
        var runs = _experiment with { Plan = _experiment.Plan! with { LongestRun = 2, Ratio = 0.34 } };
        Assert.False(EvidenceStage.IsThere("interlace-loss", loaded, runs, _scratch.At("whole")));
        Measure(loaded, "whole", runs);
        var (before, grown) = (MeasuredLosses.Load(At("broken")), MeasuredLosses.Load(At("whole")));
        foreach (var round in before.Rounds) Assert.Equal(round.Losses, grown.Of(round.Removed, round.Candidates)!);
        Assert.True(EvidenceStage.IsThere("interlace-loss", loaded, runs, _scratch.At("whole")));
        var other = runs with { Calibrate = runs.Calibrate! with { EvidenceSamples = 3 }, Plan = runs.Plan! with { Protect = false } };
        Assert.Contains("other settings", Assert.Throws<InputException>(() => Measure(loaded, "whole", other)).Message);
    }

    [Fact]
    public void What_it_will_cost_is_said_before_and_is_enough()
    {
        using var loaded = Open();
        Calibrate(loaded, "run");
        var said = new List<string>();
        long done = 0, total = 0;
        EvidenceStage.Run("interlace-loss", loaded, new Job(_experiment, _compute, said.Add,
            new ImmediateProgress(told => (done, total) = (told.Done, told.Total))), _scratch.At("run"));
        string line = Assert.Single(said);
        Assert.Contains("3 of 12 layers in 3 rounds", line, StringComparison.Ordinal);
        Assert.InRange(done, 1, total);
        Assert.Contains($"{total} passes", line, StringComparison.Ordinal);
        var table = MeasuredLosses.Load(At("run"));
        Assert.InRange(table.Rounds.Sum(round => round.Candidates.Length), 1, total);
    }

    [Fact]
    public void The_commands_measure_plan_and_show_and_a_plan_may_measure_by_itself()
    {
        string run = _scratch.At("run");
        string[] calibrate = ["calibrate", _model, "--data", _scratch.At("data"), "--rate", "1", "--device", "cpu", "--dtype", "fp32",
            "--out", run, "--set", "calibrate.fraction=1"];
        Assert.Equal(0, CommandRun.Of(calibrate).Code);
        Assert.Contains("--measure", CommandRun.Of("plan", run, "--method", "interlace-loss").Refusal());
        Assert.Equal(0, CommandRun.Of([.. calibrate, "--evidence", "interlace-loss", "--set", "plan.longest_run=1"]).Code);
        Assert.Equal(0, CommandRun.Of("plan", run, "--method", "interlace-loss").Code);
        var plan = PlanFile.Load(_scratch.At("run", "plan.json"));
        Assert.Equal((3, 3), (plan.Drop.Length, plan.Tune.Length));
        Assert.Contains("not measured", CommandRun.Of("plan", run, "--method", "interlace-loss", "--ratio", "0.33", "--set",
            "plan.longest_run=2", "--force").Refusal());
        string[] longer = ["plan", run, "--method", "interlace-loss", "--ratio", "0.33", "--set", "plan.longest_run=2", "--measure",
            "--device", "cpu", "--dtype", "fp32", "--out", _scratch.At("run", "runs.json"), "--json"];
        JsonNode made = CommandRun.Of(longer).Json();
        Assert.Equal(2, (int)made["settings"]!["longest_run"]!);
        Assert.Equal(made.ToJsonString(), CommandRun.Of(longer).Json().ToJsonString());
        Assert.Contains("gone", CommandRun.Of("inspect", At("run")).Out, StringComparison.Ordinal);
        Assert.Equal(12, (int)CommandRun.Of("inspect", At("run"), "--json").Json()["layers"]!);
        JsonNode row = CommandRun.Of("plan", run, "--compare", "--ratio", "0.25", "--json").Json().AsArray()
            .Single(one => (string)one!["method"]! == "interlace-loss")!;
        Assert.Equal(plan.Drop, row["drop"]!.AsArray().Select(layer => (int)layer!));
    }

    [Fact]
    public void The_best_plan_is_never_worse_than_that_of_a_method_in_the_list()
    {
        string run = _scratch.At("run");
        Assert.Equal(0, CommandRun.Of("calibrate", _model, "--data", _scratch.At("data"), "--rate", "1", "--device", "cpu",
            "--dtype", "fp32", "--out", run, "--set", "calibrate.fraction=1", "--set", "calibrate.max_window=4").Code);
        string[] best = ["plan", run, "--ratio", "0.25", "--best-of", "interlace, interlace-loss,short-gpt,streamline,consecutive,sleb",
            "--device", "cpu", "--dtype", "fp32"];
        var shown = CommandRun.Of(best);
        Assert.Equal(0, shown.Code);
        Assert.Contains("bridged", shown.Out, StringComparison.Ordinal);
        var plan = PlanFile.Load(_scratch.At("run", "plan.json"));
        Assert.Equal(6, plan.Origin.Compared.Count);
        Assert.All(plan.Origin.Compared, row => Assert.True(row is { Missing: null, Loss: > 0, BridgedLoss: > 0 }, $"{row}"));
        var chosen = plan.Origin.Compared.First(row => row.Loss == plan.Origin.Compared.Min(other => other.Loss));
        Assert.Equal(chosen.Method, plan.Origin.Chosen);
        Assert.Equal(chosen.Drop, plan.Drop);
        using var loaded = Open();
        foreach (var row in plan.Origin.Compared)
        {
            Assert.Equal(0, CommandRun.Of("plan", run, "--ratio", "0.25", "--method", row.Method, "--out", _scratch.At("run", "own.json"),
                "--force").Code);
            Assert.Equal(PlanFile.Load(_scratch.At("run", "own.json")).Drop, row.Drop);
        }
        string before = File.ReadAllText(EvidenceFiles.PathOf(run, "best"));
        Assert.Equal(0, CommandRun.Of(best).Code);
        Assert.Equal(before, File.ReadAllText(EvidenceFiles.PathOf(run, "best")));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_scratch.At("run", "evidence")), entry => entry.Contains("state"));
        Assert.Contains("bridged", CommandRun.Of("inspect", EvidenceFiles.PathOf(run, "best")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_of_plans_are_those_of_the_pruned_and_of_the_bridged_folders()
    {
        using var loaded = Open();
        Calibrate(loaded, "run");
        var experiment = _experiment with { Plan = _experiment.Plan! with { Method = "best", BestOf = "interlace,short-gpt" } };
        EvidenceStage.Run("best", loaded, new Job(experiment, _compute), _scratch.At("run"));
        var table = PlanLosses.Load(EvidenceFiles.PathOf(_scratch.At("run"), "best"));
        foreach (var plan in table.Plans)
        {
            var pruned = PruningPlan.Create(loaded.Model.Layers.Count, plan.Drop, []);
            LayerRemoval.Prune(_model, pruned, _scratch.At("plain"), new(Overwrite: true));
            Interlace.Pruning.Bridging.BridgeStage.Run(_model, pruned, _scratch.At("bridged"), new Job(experiment, _compute),
                new(Overwrite: true));
            foreach (var (folder, expected) in new[] { ("plain", plan.Loss!.Value), ("bridged", plan.BridgedLoss!.Value) })
            {
                using var child = LoadedModel.Open(_scratch.At(folder), CPU, ScalarType.Float32);
                EvidenceStage.Run("perplexity", child, new Job(experiment with { Model = _scratch.At(folder) }, _compute),
                    _scratch.At($"of-{folder}"));
                double loss = BlockScores.Load(EvidenceFiles.PathOf(_scratch.At($"of-{folder}"), "perplexity")).Loss!.Value;
                Assert.Equal(expected, loss, 2e-5 * expected);
            }
            Directory.Delete(_scratch.At("of-plain"), recursive: true);
            Directory.Delete(_scratch.At("of-bridged"), recursive: true);
        }
    }

    [Fact]
    public void A_matrix_measures_what_all_its_lines_search_and_compare()
    {
        var experiment = _experiment with
        {
            Variants = [new("interlace-loss", 0.17, Tune: false), new("interlace-loss", 0.25, Tune: false),
                new("interlace-loss", 0.25, Tune: false, Set: ["plan.longest_run=2"]),
                new("best", 0.17, Tune: false, Set: ["plan.best_of=interlace,streamline,sleb"])],
        };
        string folder = _scratch.At("matrix");
        Matrix.Check(experiment);
        new Matrix(new Job(experiment, _compute), folder).Run();
        string[] lines = ["best-17-best-of-interlace-streamline-sleb", "interlace-loss-17", "interlace-loss-25",
            "interlace-loss-25-longest-run-2"];
        Assert.Equal(lines, Names(Path.Combine(folder, RunFolder.Variants)));
        var plans = lines.Select(line => PlanFile.Load(Path.Combine(folder, RunFolder.Variants, line, PlanFile.Name))).ToArray();
        Assert.Equal([2, 2, 3, 3], plans.Select(plan => plan.Drop.Length));
        Assert.All(plans[0].Origin.Compared, row => Assert.Null(row.Missing));
        var said = new List<string>();
        new Matrix(new Job(experiment, _compute, said.Add), folder).Run();
        Assert.Contains(said, line => line.StartsWith("All ", StringComparison.Ordinal));
        Assert.Contains("plan.tune", Assert.Throws<InputException>(() => Matrix.Check(_experiment with
        {
            Variants = [new("best", 0.17, Set: ["plan.best_of=interlace,short-gpt"])],
        })).Message);
        Matrix.Check(_experiment with { Variants = [new("best", 0.17, Set: ["plan.best_of=interlace,short-gpt", "plan.tune=behind"])] });
    }

    [Fact]
    public void A_run_takes_the_best_plan_and_its_report_says_why()
    {
        var experiment = _experiment with
        {
            Calibrate = _experiment.Calibrate! with { MaxWindow = 3 },   // the windows of streamline are seen to
            Plan = _experiment.Plan! with { Method = "best", BestOf = "interlace,streamline,short-gpt", Tune = "none" },
        };
        string folder = _scratch.At("run");
        Preflight.Check(experiment);
        new Pipeline(new Job(experiment, _compute), folder).Run();
        var plan = PlanFile.Load(Path.Combine(folder, PlanFile.Name));
        Assert.All(plan.Origin.Compared, row => Assert.Null(row.Missing));
        Assert.Empty(plan.Tune);
        string report = File.ReadAllText(Path.Combine(folder, "report.md"));
        Assert.Contains($"The plan of {plan.Origin.Chosen} was taken", report, StringComparison.Ordinal);
        Assert.Contains("attention sink", report, StringComparison.Ordinal);
        new Pipeline(new Job(experiment, _compute), folder).Run();
    }

    [Theory]
    [InlineData("interlace-loss", "rounds", "removed", "removed layers")]
    [InlineData("interlace-loss", "rounds", "losses", "lacks a loss")]
    [InlineData("best", "plans", "drop", "dropped layers")]
    public void Damaged_losses_are_refused(string name, string list, string member, string named)
    {
        using var loaded = Open();
        Calibrate(loaded, "run");
        var experiment = _experiment with { Plan = _experiment.Plan! with { Method = name, Ratio = 0.17, BestOf = "interlace" } };
        EvidenceStage.Run(name, loaded, new Job(experiment, _compute), _scratch.At("run"));
        string path = EvidenceFiles.PathOf(_scratch.At("run"), name);
        JsonNode tree = JsonNode.Parse(File.ReadAllText(path))!;
        JsonArray last = tree[list]!.AsArray()[^1]![member]!.AsArray();
        if (member == "losses") last.RemoveAt(0);
        else last[0] = 99;
        File.WriteAllText(path, tree.ToJsonString());
        Assert.Contains(named, Assert.Throws<InputException>(() => EvidenceFiles.Load(_scratch.At("run"), Methods.Find(name))).Message);
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal);

    private LoadedModel Open() => LoadedModel.Open(_model, CPU, ScalarType.Float32);

    private string At(string folder) => EvidenceFiles.PathOf(_scratch.At(folder), "interlace-loss");

    private void Calibrate(LoadedModel loaded, string folder) =>
        CalibrationStage.Run(loaded, new Job(_experiment with { Model = loaded.Folder }, _compute), _scratch.At(folder));

    private void Measure(LoadedModel loaded, string folder, Experiment experiment) =>
        EvidenceStage.Run("interlace-loss", loaded, new Job(experiment, _compute), _scratch.At(folder));
}
