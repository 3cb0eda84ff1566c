using Interlace.Calibration;
using Interlace.Evaluation.Asking;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Cases;

/// <summary>New weights of the same shape are not taken for the old ones: what was done with the old ones is not gone on with.</summary>
public sealed class StaleWeightsTests : IDisposable
{
    private readonly WorkOnDemo _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public void Answers_of_other_weights_are_not_taken_up()
    {
        string[] evaluate = ["evaluate", _work.Model, "--benchmarks", Demo.Tables, "--only", "TinyVQA", "--limit", "2", "--set",
            "evaluate.max_new_tokens=4", "--dtype", "fp32", "--out", _work.At("evaluated")];
        Assert.Equal(0, CommandRun.Of(evaluate).Code);
        string predictions = _work.At("evaluated", "predictions", "TinyVQA.jsonl");
        byte[] before = File.ReadAllBytes(predictions);
        File.SetLastWriteTimeUtc(Path.Combine(_work.Model, "model.safetensors"), DateTime.UnixEpoch);
        Assert.Equal(0, CommandRun.Of(evaluate).Code);   // copied or touched, and the same

        WorkOnDemo.ChangeWeights(_work.Model);
        string refusal = CommandRun.Of(evaluate).Refusal();
        Assert.Contains("its weights differ", refusal);
        Assert.Contains("--force", refusal);
        Assert.Equal(before, File.ReadAllBytes(predictions));
        Assert.Equal(0, CommandRun.Of([.. evaluate, "--force"]).Code);
    }

    [Fact]
    public void Answers_to_a_table_that_has_changed_are_neither_taken_up_nor_deleted()
    {
        foreach (string file in Directory.EnumerateFiles(Demo.Tables)) File.Copy(file, _work.At("tables", Path.GetFileName(file)));
        string[] evaluate = ["evaluate", _work.Model, "--benchmarks", _work.At("tables"), "--only", "TinyVQA", "--limit", "2", "--set",
            "evaluate.max_new_tokens=4", "--dtype", "fp32", "--out", _work.At("evaluated")];
        Assert.Equal(0, CommandRun.Of(evaluate).Code);
        byte[] before = File.ReadAllBytes(_work.At("evaluated", "predictions", "TinyVQA.jsonl"));
        string table = _work.At("tables", "TinyVQA.tsv");
        File.WriteAllLines(table, File.ReadAllLines(table)[..^1]);
        Assert.Contains("the table TinyVQA.tsv has changed since", CommandRun.Of(evaluate).Refusal());
        Assert.Equal(before, File.ReadAllBytes(_work.At("evaluated", "predictions", "TinyVQA.jsonl")));
    }

    [Fact]
    public void A_calibration_is_not_gone_on_with_nor_called_finished()
    {
        WorkOnDemo.Interrupt(_work.Calibrate, "calibrate");
        Assert.True(File.Exists(_work.At("calibrated", CalibrationStage.StateName)));
        byte[] weights = File.ReadAllBytes(Path.Combine(_work.Model, "model.safetensors"));
        WorkOnDemo.ChangeWeights(_work.Model);
        Assert.Contains("its weights differ", Assert.Throws<InputException>(() => _work.Calibrate()).Message);
        Assert.False(File.Exists(_work.At("calibrated", LayerSimilarity.Name)));

        File.WriteAllBytes(Path.Combine(_work.Model, "model.safetensors"), weights);
        _work.Calibrate();
        using var loaded = LoadedModel.Open(_work.Model, TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32);
        Assert.Equal(16, CalibrationStage.Finished(loaded, _work.At("calibrated")).Layers);
        WorkOnDemo.ChangeWeights(_work.Model);
        Assert.Contains("its weights differ",
            Assert.Throws<InputException>(() => CalibrationStage.Finished(loaded, _work.At("calibrated"))).Message);
        // Nor is its plan carried out on them.
        var plan = PlanStage.Run(LayerSimilarity.Load(_work.At("calibrated", LayerSimilarity.Name)), new(), 3);
        Assert.Contains("its weights differ",
            Assert.Throws<PlanException>(() => LayerRemoval.Prune(_work.Model, plan, _work.At("never"))).Message);
        Assert.False(Directory.Exists(_work.At("never")));
    }

    [Fact]
    public void A_tuning_is_not_gone_on_with_nor_called_finished()
    {
        WorkOnDemo.Interrupt((progress, cancellation) => _work.Tune(progress, cancellation), "finetune");
        string state = Path.Combine(_work.At("tuned.training"), FineTuner.StateName);
        Assert.True(File.Exists(state));
        byte[] weights = File.ReadAllBytes(Path.Combine(_work.Pruned(), "model.safetensors"));
        WorkOnDemo.ChangeWeights(_work.Pruned());
        Assert.Contains("its weights differ", Assert.Throws<InputException>(() => _work.Tune()).Message);
        Assert.True(File.Exists(state));

        File.WriteAllBytes(Path.Combine(_work.Pruned(), "model.safetensors"), weights);
        Assert.Equal(3, _work.Tune().Steps);
        Assert.Equal(3, _work.Tune().Steps);   // it is there already
        WorkOnDemo.ChangeWeights(_work.Pruned());
        Assert.Contains("its weights differ", Assert.Throws<InputException>(() => _work.Tune()).Message);
    }

    [Fact]
    public void Sparse_weights_and_evidence_of_other_weights_are_not_called_finished()
    {
        string[] sparsify = ["sparsify", _work.Model, "--method", "magnitude", "--out", _work.At("sparse")];
        string[] measure = ["calibrate", _work.Model, "--data", Path.Combine(Demo.Root, "finevision"), "--set", "data.rate=0.02",
            "--evidence", "magnitude-block", "--dtype", "fp32", "--out", _work.At("run")];
        Assert.Equal(0, CommandRun.Of(sparsify).Code);
        Assert.Equal(0, CommandRun.Of(measure).Code);
        WorkOnDemo.ChangeWeights(_work.Model);
        Assert.Contains("its weights differ", CommandRun.Of(sparsify).Refusal());
        Assert.Contains("its weights differ", CommandRun.Of(measure).Refusal());
    }

    [Fact]
    public void An_artefact_of_an_older_version_that_says_less_of_its_model_is_taken_up()
    {
        _work.Evaluate();
        string path = _work.At("evaluated", AnswersFile.Name), predictions = _work.At("evaluated", "predictions", "TinyVQA.jsonl");
        var answers = AnswersFile.Load(path);
        (answers with { Inputs = answers.Inputs with { Model = answers.Inputs.Model! with { SampleSha256 = null } } }).Save(path);
        string known = File.ReadAllText(predictions)
            .Replace("\"prediction\":\"", "\"prediction\":\"as it stood ", StringComparison.Ordinal);
        File.WriteAllText(predictions, known);
        _work.Evaluate();
        Assert.Equal(known, File.ReadAllText(predictions));
    }
}
