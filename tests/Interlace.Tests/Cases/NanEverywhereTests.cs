using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using TorchSharp;

namespace Interlace.Tests.Cases;

/// <summary>A model with one weight that is no number, given to every command that computes: code 2, one sentence, no artefact.</summary>
public sealed class NanEverywhereTests : IDisposable
{
    private const string Weight = "model.language_model.layers.5.mlp.up_proj.weight";

    private static readonly byte[] NaN = [0xC0, 0x7F];

    private readonly ModelCopy _model = new();

    public NanEverywhereTests() => _model.Poke(Weight, 0, NaN);

    private static string Data => Path.Combine(ModelCopy.Demo, "finevision");
    private static string Tables => Path.Combine(ModelCopy.Demo, "benchmarks");

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Evaluate_scores_nothing()
    {
        Refused("evaluate", _model.Folder, "--benchmarks", Tables, "--only", "TinyVQA", "--limit", "4", "--dtype", "fp32", "--out",
            _model.At("out"));
        Assert.False(File.Exists(_model.At("out", "scores.json")));
        Assert.Equal(0, new FileInfo(_model.At("out", "predictions", "TinyVQA.jsonl")).Length);
    }

    [Theory]
    [InlineData("wanda", "--calibration", "8")]
    [InlineData("magnitude")]
    public void Sparsify_writes_no_model(string method, params string[] rest)
    {
        string[] data = method == "wanda" ? ["--data", Data, "--rate", "0.1"] : [];
        Refused(["sparsify", _model.Folder, "--method", method, .. data, "--dtype", "fp32", "--out", _model.At("out"), .. rest]);
        Assert.False(Path.Exists(_model.At("out")));
    }

    [Fact]
    public void Latency_times_no_answers_that_are_none()
    {
        Refused("latency", _model.Folder, "--benchmarks", Tables, "--only", "TinyVQA", "--samples", "1", "--dtype", "fp32", "--out",
            _model.At("out"));
        Assert.False(File.Exists(_model.At("out", "latency.json")));
    }

    [Fact]
    public void Finetune_names_the_layer_before_the_first_step()
    {
        string pruned = _model.Prune();
        string refusal = CommandRun.Of("finetune", pruned, "--data", Data, "--rate", "0.1", "--max-steps", "2", "--dtype", "fp32",
            "--quiet", "--out", _model.At("tuned")).Refusal();
        Assert.Contains("loss is no number", refusal);
        Assert.Contains("model.language_model.layers.4.mlp.up_proj.weight", refusal);   // layer 4 of the parent is dropped
        Assert.False(Path.Exists(_model.At("tuned")));
    }

    [Fact]
    public void Finetune_names_the_parent_that_is_learnt_from()
    {
        string pruned = _model.Prune();
        _model.Poke("model.language_model.layers.4.mlp.up_proj.weight", 0, [0, 0], pruned);   // the pruned model itself is sound
        string refusal = CommandRun.Of("finetune", pruned, "--data", Data, "--rate", "0.1", "--max-steps", "1", "--distill", "0.5",
            "--parent", _model.Folder, "--dtype", "fp32", "--quiet", "--out", _model.At("tuned")).Refusal();
        Assert.Contains("model that is learnt from", refusal);
        Assert.Contains(Weight, refusal);
    }

    [Theory]
    [InlineData(EvidenceFiles.Sleb)]
    [InlineData(EvidenceFiles.Perplexity)]
    [InlineData(EvidenceFiles.Taylor)]
    [InlineData(EvidenceFiles.MagnitudeBlock)]
    public void No_evidence_is_measured(string evidence)
    {
        using var loaded = LoadedModel.Open(_model.Folder, torch.CPU, torch.ScalarType.Float32);
        var experiment = new Experiment { Data = new() { Path = Data, Rate = 0.1 }, Calibrate = new() { EvidenceSamples = 4 } };
        string message = Assert.Throws<NotANumberException>(() =>
            EvidenceStage.Run(evidence, loaded, new Job(experiment, Demo.Fp32), _model.At("run"))).Message;
        Assert.Contains(Weight, message);
        Assert.False(File.Exists(EvidenceFiles.PathOf(_model.At("run"), evidence)));
    }

    [Fact]
    public void A_trace_is_stored_and_says_where_it_begins()
    {
        File.WriteAllText(_model.At("messages.json"), """[{"role": "user", "content": "Hi"}]""");
        var run = CommandRun.Of("trace", _model.Folder, "--input", _model.At("messages.json"), "--dtype", "fp32", "--out",
            _model.At("trace.safetensors"));
        Assert.Equal(0, run.Code);
        Assert.Contains("first in layers.5.output", run.Error);
        Assert.True(File.Exists(_model.At("trace.safetensors")));
    }

    [Fact]
    public void A_whole_run_stops_at_its_first_stage()
    {
        Refused("run", Path.Combine(ModelCopy.Demo, "experiment.json"), "--set", $"model={_model.Folder}", "--set",
            "calibrate.fraction=0.02", "--dtype", "fp32", "--out", _model.At("run"));
        Assert.False(File.Exists(_model.At("run", "similarity.json")));
        Assert.False(File.Exists(_model.At("run", "report.html")));
    }

    private static void Refused(params string[] line) => Assert.Contains(Weight, CommandRun.Of([.. line, "--quiet"]).Refusal());
}
