using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public sealed class DistillationTests : IDisposable
{
    private const double Scale = 0.25;

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(0.3, 1, true)]
    [InlineData(0.7, 2, false)]
    [InlineData(1, 3, true)]
    public void Loss_and_gradients_equal_those_of_one_pass_with_the_formula_written_out(double weight, double temperature, bool recompute)
    {
        using var scope = NewDisposeScope();
        using var model = LossGradientTests.Random(3, tied: true);
        using var parent = LossGradientTests.Random(5, tied: true, seed: 8);
        TrainedParameters.Of(model, [0, 2]);
        using var batch = Batch.Pack([LossGradientTests.Conversation(5, (2, 1)), LossGradientTests.Conversation(9, (1, 1)), LossGradientTests.Conversation(4)], CPU);

        Tensor logits = model.Logits(model.Hidden(batch).index_select(0, batch.AnswerRows)), taught;
        using (no_grad()) taught = parent.Logits(parent.Hidden(batch).index_select(0, batch.AnswerRows));
        Tensor p = nn.functional.softmax(taught.Times(1 / temperature), -1), q = nn.functional.softmax(logits.Times(1 / temperature), -1);
        Tensor divergence = (p * (p.log() - q.log())).sum();
        Tensor crossEntropy = nn.functional.cross_entropy(logits, batch.AnswerIds, reduction: nn.Reduction.Sum);
        Tensor expected = crossEntropy.Times(1 - weight).Plus(divergence.Times(weight * temperature * temperature));
        expected.Times(Scale).backward();
        Parameter[] trained = [.. model.Parameters.Where(parameter => parameter.IsTrainable)];
        var plain = trained.ToDictionary(parameter => parameter.Name, parameter => parameter.Value.grad!.clone());
        foreach (var parameter in trained) parameter.Value.grad!.zero_();
        Assert.True(divergence.item<float>() > 0.1);

        double loss = new LossGradient(model, recompute, headRows: 3, new(parent, weight, temperature)).Accumulate(batch, Scale);   // several chunks
        Assert.Equal(expected.item<float>(), loss, 1e-4 * Math.Abs(expected.item<float>()));
        foreach (var parameter in trained)
        {
            double norm = plain[parameter.Name].norm().item<float>(), difference = (parameter.Value.grad! - plain[parameter.Name]).norm().item<float>();
            Assert.True(norm > 0 && difference <= 1e-4 * norm, $"{parameter.Name}: {difference} of {norm}");
        }
        Assert.All(parent.Parameters, parameter => Assert.Null(parameter.Value.grad));
    }

    [Fact]
    public void A_model_that_is_its_own_parent_has_nothing_to_learn_from_it()
    {
        using var scope = NewDisposeScope();
        using var model = LossGradientTests.Random(3, tied: true);
        using var parent = LossGradientTests.Random(3, tied: true);
        var tuned = TrainedParameters.Of(model, [1]);
        using var batch = Batch.Pack([LossGradientTests.Conversation(6, (1, 2))], CPU);
        Assert.Equal(0, new LossGradient(model, distillation: new(parent, 1, 1)).Accumulate(batch, 1), 1e-4);
        Assert.All(tuned.Parameters, parameter => Assert.True(parameter.Value.grad!.abs().max().item<float>() < 1e-5));
    }

    [Fact]
    public void The_memory_of_the_parent_is_part_of_the_estimate()
    {
        using var model = LossGradientTests.Random(3, tied: true);
        using var parent = LossGradientTests.Random(9, tied: true);
        var tuned = TrainedParameters.Of(model, [1]);
        var (alone, both) = (MemoryEstimate.For(model, tuned, new()), MemoryEstimate.For(model, tuned, new(), parent: parent));
        Assert.Equal(alone, both with { Parent = 0 });
        Assert.True(both.Total - alone.Total > 4 * parent.Parameters.Sum(parameter => parameter.Value.numel()));
        Assert.Contains("the unpruned model", both.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("unpruned", alone.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_stage_learns_from_the_model_that_was_pruned_and_from_no_other()
    {
        string dense = _scratch.Copy(TinyCheckpoints.Tied, "dense"), pruned = _scratch.At("pruned");
        LayerRemoval.Prune(dense, PruningPlan.Create(12, drop: [5], tune: [4]), pruned);
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 8).Select(i => new TestRow([image], [($"What is number {i}?", $"It is {i}.")]))], new());
        var experiment = ExperimentFile.Set(new Experiment(Data: new(_scratch.At("data"), Rate: 1)), "finetune.samples_per_step", "4");
        Experiment Distilled(double weight, string? parent) => experiment with { Finetune = experiment.Finetune! with { LearningRate = 1e-3, Distill = weight, Parent = parent } };
        TrainingRecord Run(string name, Experiment of) => FineTuneStage.Run(pruned, _scratch.At(name), new Job(of, Demo.Fp32));
        byte[] Weights(string name) => File.ReadAllBytes(_scratch.At(name, "model.safetensors"));

        var record = Run("distilled", Distilled(0.5, dense));
        Run("plain", Distilled(0, null));
        Assert.NotEqual(Weights("plain"), Weights("distilled"));
        Assert.Equal(PrunedModelFile.Load(pruned).Parent.TensorsSha256, record.Inputs.Parent!.TensorsSha256);
        Run("by the model", Distilled(0.5, null) with { Model = dense });
        Assert.Equal(Weights("distilled"), Weights("by the model"));
        Assert.Equal(File.ReadAllBytes(_scratch.At("distilled", TrainingRecord.Name)), File.ReadAllBytes(_scratch.At("by the model", TrainingRecord.Name)));

        Experiment States(double weight, string train = "all-kept") =>
            experiment with { Finetune = experiment.Finetune! with { LearningRate = 1e-3, DistillHidden = weight, Parent = dense, Train = train } };
        Assert.Equal(record.Inputs.Parent.TensorsSha256, Run("states", States(1)).Inputs.Parent!.TensorsSha256);   // the plan has no triplets: behind every trained layer
        Run("all kept", States(0, "all-kept"));
        Assert.NotEqual(Weights("all kept"), Weights("states"));
        Assert.Contains("no run with these settings", Assert.Throws<InputException>(() => Run("states", States(2))).Message, StringComparison.Ordinal);
        Assert.Contains("\"distill_hidden\": 1", File.ReadAllText(_scratch.At("states", TrainingRecord.Name)), StringComparison.Ordinal);
        Assert.DoesNotContain("distill_hidden", File.ReadAllText(_scratch.At("distilled", TrainingRecord.Name)), StringComparison.Ordinal);
        Assert.Contains("there are neither", Assert.Throws<InputException>(() => Run("none", States(1, "projector"))).Message, StringComparison.Ordinal);

        Run("weight 0 with a parent", Distilled(0, dense));
        foreach (string file in Directory.EnumerateFiles(_scratch.At("plain")).Select(file => Path.GetFileName(file)).Where(file => file != TrainingLog.Name))
            Assert.Equal(File.ReadAllBytes(_scratch.At("plain", file)), File.ReadAllBytes(_scratch.At("weight 0 with a parent", file)));

        // A model pruned twice may learn from the first.
        LayerRemoval.Prune(pruned, PruningPlan.Create(11, drop: [8], tune: [7]), _scratch.At("twice"));
        Assert.Equal(record.Inputs.Parent.ConfigSha256, PrunedModelFile.CheckAncestor(_scratch.At("twice"), dense).ConfigSha256);

        Assert.Contains("--parent", Assert.Throws<InputException>(() => Run("none", Distilled(0.5, null))).Message, StringComparison.Ordinal);
        Assert.Contains("was not made from",
            Assert.Throws<InputException>(() => Run("none", Distilled(0.5, TinyCheckpoints.Untied))).Message, StringComparison.Ordinal);
        Assert.Contains("was not made from", Assert.Throws<InputException>(() => Run("none", Distilled(0.5, pruned))).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(pruned, PrunedModelFile.Name));
        Assert.Contains(PrunedModelFile.Name, Assert.Throws<InputException>(() => Run("none", Distilled(0.5, dense))).Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(_scratch.At("none")) || Path.Exists(_scratch.At("none.training")));
    }
}
