using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Runs;
using Interlace.Tests.Evaluation;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Cases;

/// <summary>
/// Files of a model that change while they are used: nothing that was computed since is kept, and the sentence names the file.
/// </summary>
public sealed class MmapSigbusTests : IDisposable
{
    private readonly WorkOnDemo _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public void Answers_of_weights_that_were_overwritten_are_not_kept()
    {
        bool changed = false;
        int kept = 0;
        var refused = Assert.Throws<InputException>(() => _work.Evaluate(new ImmediateProgress(step =>
        {
            if (changed || step.Done == 0) return;
            kept = File.ReadAllLines(_work.At("evaluated", "predictions", "TinyVQA.jsonl")).Length;
            using var file = new FileStream(Path.Combine(_work.Model, "model.safetensors"), FileMode.Open, FileAccess.Write);
            file.Position = 1 << 20;
            file.Write(new byte[1 << 20]);
            changed = true;
        })));
        Assert.Contains("model.safetensors changed while it was used", refused.Message);
        Assert.False(File.Exists(_work.At("evaluated", ScoresFile.Name)));
        // answers that had ended together
        Assert.InRange(File.ReadAllLines(_work.At("evaluated", "predictions", "TinyVQA.jsonl")).Length, 1, kept + 1);
    }

    [Fact]
    public async Task A_file_that_is_cut_short_ends_the_process_with_a_sentence()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the signal is Linux's");
        string[] command = ["evaluate", _work.Model, "--benchmarks", Demo.Tables, "--only", "TinyOCR", "--set", "evaluate.slots=1", "--out",
            _work.At("process"), "--dtype", "bf16", "--quiet"];
        var process = Processes.Start(command);
        string predictions = Path.Combine(_work.At("process"), "predictions", "TinyOCR.jsonl");
        while (!process.HasExited && !File.Exists(predictions)) await Task.Delay(10, TestContext.Current.CancellationToken);
        using (var file = new FileStream(Path.Combine(_work.Model, "model.safetensors"), FileMode.Open, FileAccess.Write))
            file.SetLength(10_000);
        var (code, error) = await Processes.End(process);
        Assert.Equal(2, code);
        // By the signal, or by the comparison after an answer.
        Assert.Matches("^[^\n]+ (became shorter|changed) while it was used: [^\n]+\\n$", error);
        Assert.False(File.Exists(Path.Combine(_work.At("process"), ScoresFile.Name)));
    }

    [Theory]
    [InlineData("model.safetensors"), InlineData("config.json"), InlineData("tokenizer.json")]
    public void No_similarity_is_written(string file)
    {
        Assert.Contains($"{file} changed while it was used",
            Assert.Throws<InputException>(() => _work.Calibrate(new ImmediateProgress(_ => Touch(_work.Model, file)))).Message);
        Assert.Empty(Directory.EnumerateFiles(_work.At("calibrated")));
    }

    [Fact]
    public void No_tuned_model_is_written_and_the_state_is_that_before()
    {
        int steps = 0;
        string pruned = _work.Pruned();
        var refused = Assert.Throws<InputException>(() => _work.Tune(new ImmediateProgress(step =>
        {
            if (step.Stage == "finetune" && ++steps == 2) Touch(pruned, "model.safetensors");
        })));
        Assert.Contains("changed while it was used", refused.Message);
        Assert.False(Directory.Exists(_work.At("tuned")));
        Assert.Equal(2, TrainingLog.Read(Path.Combine(_work.At("tuned.training"), TrainingLog.Name)).Count);
        Assert.Equal(3, _work.Tune().Steps);   // only touched: it goes on
    }

    [Fact]
    public void No_pruned_or_sparse_model_is_written()
    {
        var touch = new ImmediateProgress(_ => Touch(_work.Model, "model.safetensors"));
        Assert.Contains("changed while it was used",
            Assert.Throws<InputException>(() => LayerRemoval.Prune(_work.Model, PruningPlan.Create(16, [5], [6]), _work.At("pruned"),
            progress: touch)).Message);
        Assert.Contains("changed while it was used", Assert.Throws<InputException>(() =>
            SparsifyStage.Run(_work.Model, _work.At("sparse"), new Job(_work.Experiment, Demo.Fp32, Progress: touch), new(SparsityOptions.Magnitude))).Message);
        Assert.False(Directory.Exists(_work.At("pruned")) || Directory.Exists(_work.At("sparse")));
    }

    [Theory]
    [InlineData(EvidenceFiles.Perplexity), InlineData(EvidenceFiles.Taylor), InlineData(EvidenceFiles.Sleb)]
    public void No_evidence_is_written(string name)
    {
        using var loaded = LoadedModel.Open(_work.Model, TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32);
        var experiment = _work.Experiment with { Calibrate = new(Fraction: 0.1, EvidenceSamples: 2) };
        Assert.Contains("changed while it was used",
            Assert.Throws<InputException>(() => EvidenceStage.Run(name, loaded,
                new Job(experiment, Demo.Fp32, Progress: new ImmediateProgress(_ => Touch(_work.Model, "model.safetensors"))), _work.At("run"))).Message);
        Assert.False(File.Exists(EvidenceFiles.PathOf(_work.At("run"), name)));
    }

    private static void Touch(string model, string file) =>
        File.SetLastWriteTimeUtc(Path.Combine(model, file), File.GetLastWriteTimeUtc(Path.Combine(model, file)).AddMinutes(-1));
}
