using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Reporting;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Cases;

/// <summary>Artefacts and states that were edited or damaged, and empty or impossible paths: code 2 and the file's name.</summary>
public sealed class OtherCrashesTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("timings.json", "[null]"), InlineData("timings.json", "{"), InlineData("timings.json", "{}"),
        InlineData("timings.json", "[{\"name\": 1, \"seconds\": 1}]"),
        InlineData("timings.json", "[{\"name\": \"plan\", \"seconds\": -1}]")]
    [InlineData("timings.json", "[{\"name\": \"plan\"}]"), InlineData("timings.json", "null")]
    [InlineData("summary.json", "{\"peak_memory_bytes\": {}}"), InlineData("summary.json", "{\"peak_memory_bytes\": \"5\"}"),
        InlineData("summary.json", "[]"), InlineData("summary.json", "{\"peak_memory_bytes\": -1}")]
    [InlineData("tuned/train.jsonl", "null\n"), InlineData("plan.json", "[]"), InlineData("similarity.json", "null"),
        InlineData("evaluated/dense/scores.json", "{}")]
    public void A_report_over_a_damaged_file_names_it(string file, string text)
    {
        string run = new PaperRuns(_scratch.At("run", "x")[..^2], layers: 24,
            questions: 4) { Benchmarks = [.. Interlace.Evaluation.Tables.Benchmarks.Paper.Take(2)] }.Ordinary("tiny");
        File.WriteAllText(_scratch.At("run", file), text);
        Assert.Contains(Path.Combine(run, file), CommandRun.Of("report", run, "--out", _scratch.At("report")).Refusal());
        Assert.False(Directory.Exists(_scratch.At("report")));
    }

    [Theory]
    [InlineData("spans.0.mean.2", "1e9"), InlineData("spans.0.mean.2", "-5"), InlineData("spans.0.mean.2", "null"),
        InlineData("spans.1.mean.0", "0.5"), InlineData("spans.0.sums.image.1", "1e308"), InlineData("spans.0.sums.image.1", "null")]
    [InlineData("spans.0.sums.image", "null"), InlineData("spans.0.standard_error.0", "-1"), InlineData("spans.1.last_token_mean.0", "2"),
        InlineData("spans.0.last_token_angle.0", "-0.5"), InlineData("spans.0", "null"), InlineData("spans", "[]")]
    [InlineData("spans.1.length", "1"), InlineData("spans.1.length", "-3"), InlineData("spans.1.length", "2147483647"),
        InlineData("samples", "-3"), InlineData("samples", "0"), InlineData("tokens.image", "-1"),
        InlineData("tokens.image", "9223372036854775807")]
    [InlineData("layers", "2147483647"), InlineData("layers", "-1"), InlineData("layers", "0"), InlineData("visual_levels", "99"),
        InlineData("skipped", "{\"too long\": -1}"), InlineData("inputs.model.file_bytes", "null"), InlineData("format", "5")]
    public void A_similarity_that_cannot_be_is_refused_by_every_command(string place, string value)
    {
        string path = Similarity();
        Change(path, place, value);
        foreach (string[] command in new[] { ["plan", path, "--out", _scratch.At("plan.json")], ["inspect", path],
            new[] { "plan", path, "--stability" } }) Named(path, CommandRun.Of(command));
        Assert.False(File.Exists(_scratch.At("plan.json")));
    }

    [Theory, InlineData("mean"), InlineData("standard_error"), InlineData("last_token_mean"), InlineData("last_token_angle")]
    public void Lists_of_a_similarity_that_are_one_short_are_refused(string list)
    {
        string path = Similarity();
        var tree = JsonNode.Parse(File.ReadAllText(path))!;
        var numbers = tree["spans"]![0]![list]!.AsArray();
        numbers.RemoveAt(numbers.Count - 1);
        File.WriteAllText(path, tree.ToJsonString());
        Named(path, CommandRun.Of("plan", path, "--out", _scratch.At("plan.json")));
        Named(path, CommandRun.Of("inspect", path));
    }

    [Theory]
    [InlineData("layers", "2000000000"), InlineData("layers", "100000"), InlineData("layers", "-5"), InlineData("choices", "[null]"),
        InlineData("warnings", "[null]"), InlineData("drop.original", "null"), InlineData("keep.original", "[]"),
        InlineData("settings", "null")]
    [InlineData("drop.original", "[2, 2]"), InlineData("tune.new", "[7]"), InlineData("settings.ratio", "1e999"),
        InlineData("layer_similarity", "[1e999]"), InlineData("inputs", "{\"config_sha256\": 5}")]
    public void A_plan_that_cannot_be_is_refused_in_a_short_sentence(string place, string value)
    {
        string path = _scratch.At("plan.json");
        PlanFile.Save(PruningPlan.Create(12, drop: [2, 5], tune: [1, 6]), path);
        Change(path, place, value);
        foreach (string[] command in new[] { ["inspect", path],
            new[] { "prune", Demo.Model, "--plan", path, "--out", _scratch.At("pruned") } })
        {
            string refusal = Named(path, CommandRun.Of(command));
            Assert.True(refusal.Length < 500, refusal);
        }
    }

    [Fact]
    public void A_plan_of_a_thousand_layers_that_contradicts_itself_is_told_in_a_short_sentence()
    {
        string path = _scratch.At("plan.json");
        PlanFile.Save(PruningPlan.Create(1000, drop: [2, 5], tune: [1, 6]), path);
        Change(path, "freeze.original.3", "0");
        Assert.InRange(Named(path, CommandRun.Of("inspect", path)).Length, 1, 800);
    }

    [Fact]
    public void Evidence_stability_and_latency_that_cannot_be_are_refused()
    {
        var inputs = new EvidenceInputs(new("c", "t", new Dictionary<string, long>()), null);
        var none = new Dictionary<string, long>();
        string scores = _scratch.At("evidence", "magnitude-block.json"), order = _scratch.At("evidence", "sleb.json");
        new BlockScores(BlockScores.CurrentFormat, "", EvidenceFiles.MagnitudeBlock, null, 0, inputs, 4, 0, none, 0, none, null,
            [1, 2, 3, 4]).Save(scores);
        new RemovalOrder(RemovalOrder.CurrentFormat, "", new(1, 1, 1, 1, 1, 1, null, 1, "", ""), 0, inputs, 5, 1, 1, none, 1, none, 2,
            [new(2, [1, 2, 3], [double.NaN, 2, double.NaN])]).Save(order);
        foreach (var (path, changes) in new[]
        {
            (scores, new[] { ("scores.1", "null"), ("scores.1", "1e999"), ("scores.1", "-1"), ("layers", "5"), ("samples", "-1"),
                ("measure", "\"taylor\"") }),
            (order, [("layers", "2000000000"), ("layers", "-1"), ("rounds", "[null]"), ("rounds.0.losses.1", "null"),
                ("rounds.0.losses.0", "-1"), ("rounds.0.removed", "9"), ("loss", "null"), ("protected_layers", "-1")]),
        })
        {
            string whole = File.ReadAllText(path);
            Assert.Equal(0, CommandRun.Of("inspect", path).Code);
            foreach (var (place, value) in changes)
            {
                File.WriteAllText(path, whole);
                Change(path, place, value);
                if (place == "measure") Assert.ThrowsAny<InputException>(() => BlockScores.Load(path, EvidenceFiles.MagnitudeBlock));
                else Named(path, CommandRun.Of("inspect", path));
            }
        }
        string latency = Path.Combine(new PaperRuns(_scratch.At("run", "x")[..^2], layers: 24,
            questions: 4) { Benchmarks = [.. Interlace.Evaluation.Tables.Benchmarks.Paper.Take(2)] }.Matrix("tiny"), "latency.json");
        string measured = File.ReadAllText(latency);
        Assert.Equal(0, CommandRun.Of("inspect", latency).Code);
        foreach (var (place, value) in new[] { ("models", "[]"), ("benchmarks.0.models", "[]"), ("benchmarks.0.models.1", "null"),
            ("benchmarks", "[]"), ("speed_ups.0.models", "[]"), ("speed_ups", "[]"), ("speed_ups.0.models.0.prefill.interval", "[1]"),
            ("models.0.layers", "-1") })
        {
            File.WriteAllText(latency, measured);
            Change(latency, place, value);
            Named(latency, CommandRun.Of("inspect", latency));
        }
    }

    [Theory]
    [InlineData("step", "x"), InlineData("step", "-1"), InlineData("step", "100"), InlineData("step", null), InlineData("step", "0"),
        InlineData("epoch", "9"), InlineData("epoch", null), InlineData("next", "-5"), InlineData("next", "99999999999999999999")]
    [InlineData("next", null), InlineData("skipped", "x"), InlineData("skipped", "null"), InlineData("skipped", "{\"too long\": -1}"),
        InlineData("skipped", null)]
    public void A_damaged_state_of_a_tuning_is_refused(string name, string? value)
    {
        string state = States.Value.Tuning;
        string folder = Directory.CreateDirectory(_scratch.At("tuned.training")).FullName, copy = Path.Combine(folder, FineTuner.StateName);
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(state)!))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        WorkOnDemo.SetMetadata(copy, name, value);
        var refused = Assert.Throws<InputException>(() => FineTuneStage.Run(States.Value.Work.Pruned(), _scratch.At("tuned"),
            new Job(States.Value.Work.Experiment, Demo.Fp32)));
        Assert.Contains(copy, refused.Message);
        Assert.False(Directory.Exists(_scratch.At("tuned")));
    }

    [Theory]
    [InlineData("next", "x"), InlineData("next", "-5"), InlineData("next", "1000000"), InlineData("next", null), InlineData("skipped", "x"),
        InlineData("skipped", "{\"a\": null}"), InlineData("skipped", null), InlineData("checks", "5,x"), InlineData("checks", "-1")]
    public void A_damaged_state_of_a_calibration_is_refused(string name, string? value)
    {
        string copy = _scratch.At("calibrated", CalibrationStage.StateName);
        File.Copy(States.Value.Calibration, copy);
        WorkOnDemo.SetMetadata(copy, name, value);
        using var loaded = LoadedModel.Open(States.Value.Work.Model, TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32);
        var refused = Assert.Throws<InputException>(() => CalibrationStage.Run(
            loaded, new Job(States.Value.Work.Experiment, Demo.Fp32), _scratch.At("calibrated")));
        Assert.Contains(copy, refused.Message);
    }

    [Fact]
    public void A_path_with_a_character_that_no_path_has_is_refused()
    {
        string file = _scratch.At("x.json");
        File.WriteAllText(file, "{\"data\":{\"path\":\"\\u0000\"}}");
        Assert.Contains("data.path", Named(file, CommandRun.Of("plan", Similarity(), "--config", file, "--out", _scratch.At("p.json"))));
        File.WriteAllText(file, "{\"model\":\"a\\u0000b\"}");
        Assert.Contains("model", Named(file, CommandRun.Of("run", file, "--out", _scratch.At("out"))));
    }

    [Theory]
    [InlineData("evaluate M --benchmarks B --out"), InlineData("calibrate M --data D --out"), InlineData("prune M --plan P --out"),
        InlineData("finetune M --data D --out"), InlineData("sparsify M --method magnitude --out"), InlineData("run E --out")]
    [InlineData("report R --out"), InlineData("latency M --benchmarks B --out"), InlineData("trace M --input I --out"),
        InlineData("plan R --out"), InlineData("demo --out"), InlineData("paper M --data D --benchmarks B --out"),
        InlineData("score F --kind vqa --out")]
    [InlineData("inspect"), InlineData("report"), InlineData("compare A"), InlineData("score"), InlineData("plan"),
        InlineData("doctor --set"), InlineData("calibrate --data D --out O"), InlineData("generate M hi --image"),
        InlineData("prune M --out O --plan"), InlineData("verify V --parent")]
    public void An_empty_path_is_refused_by_every_command(string line)
    {
        string refusal = CommandRun.Of([.. line.Split(' '), ""]).Refusal();
        Assert.True(refusal.Contains("is empty", StringComparison.Ordinal) || line.StartsWith("doctor", StringComparison.Ordinal), refusal);
    }

    [Fact]
    public void One_input_spelled_in_two_ways_is_one_setting()
    {
        string here = Path.GetRelativePath(".", _scratch.Path);
        Experiment Of(string root) =>
            new(Model: Path.Combine(root, "model"), Data: new(Path.Combine(root, "data")),
            Evaluate: new(Benchmarks: Path.Combine(root, "tables/")), Finetune: new(Parent: Path.Combine(root, "x", "..", "model")));
        Assert.Equal(ExperimentFile.SettingsHash(Of(_scratch.Path)), ExperimentFile.SettingsHash(Of(here)));
        Assert.NotEqual(ExperimentFile.SettingsHash(Of(_scratch.Path)), ExperimentFile.SettingsHash(Of(_scratch.At("other"))));
    }

    /// <summary>States of interrupted work, made once.</summary>
    private static readonly Lazy<(WorkOnDemo Work, string Tuning, string Calibration)> States = new(() =>
    {
        var work = new WorkOnDemo();
        WorkOnDemo.Interrupt((progress, cancellation) => work.Tune(progress, cancellation), "finetune");
        WorkOnDemo.Interrupt(work.Calibrate, "calibrate");
        return (work, Path.Combine(work.At("tuned.training"), FineTuner.StateName), work.At("calibrated", CalibrationStage.StateName));
    });

    private string Similarity()
    {
        var similarity = Interlace.Tests.Pruning.PlanBootstrapTests.Similarity(Interlace.Tests.Pruning.PlanBootstrapTests.Samples(5, 1));
        similarity.Save(_scratch.At("run", LayerSimilarity.Name));
        return _scratch.At("run", LayerSimilarity.Name);
    }

    private static string Named(string path, CommandRun run)
    {
        string refusal = run.Refusal();
        Assert.Contains(path, refusal);
        return refusal;
    }

    /// <summary>Sets a value of a JSON file by its place.</summary>
    private static void Change(string path, string place, string json)
    {
        string text = File.ReadAllText(path), marker = "\"(here)\"";
        var tree = JsonNode.Parse(text)!;
        string[] names = place.Split('.');
        JsonNode at = tree;
        foreach (string name in names[..^1]) at = at is JsonArray list ? list[int.Parse(name)]! : at[name]!;
        if (at is JsonArray array) array[int.Parse(names[^1])] = "(here)";
        else at[names[^1]] = "(here)";
        File.WriteAllText(path, tree.ToJsonString().Replace(marker, json, StringComparison.Ordinal));
    }
}
