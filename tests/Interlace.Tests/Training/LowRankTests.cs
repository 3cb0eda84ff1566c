using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public sealed class LowRankTests : IDisposable
{
    private const double Scale = 0.25;

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    // W' = W + s B A, so that dL/dB = s dL/dW' A^T and dL/dA = s B^T dL/dW'; the right sides come from a model that has W' as its weights.
    [Theory]
    [InlineData(1, 2.0, true, false), InlineData(3, 5.0, false, false), InlineData(2, 3.0, true, true)]
    public void Gradients_equal_those_of_one_pass_through_a_model_with_the_change_in_its_weights(int rank, double alpha, bool recompute, bool projector)
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = LossGradientTests.Random(4, tied: true), merged = LossGradientTests.Random(4, tied: true);
        using var batch = Batch.Pack([LossGradientTests.Conversation(5, (2, 1)), LossGradientTests.Conversation(9, (1, 1)), LossGradientTests.Conversation(4)], CPU);
        var trained = TrainedParameters.Of(model, [1, 2], projector, new(rank, alpha, 7));
        Assert.Equal(2 * 7, trained.Adapted.Count);
        Linear[] same = [.. new[] { 1, 2 }.SelectMany(l => merged.Layers[l].Linears)];
        foreach (var (i, linear) in trained.Adapted.Index())
            using (no_grad())
            {
                Parameter b = linear.Adapter!.Parameters[1];
                b.Value.copy_(tensor(Enumerable.Range(0, (int)b.Value.numel()).Select(n => 0.3f * MathF.Sin(n + i)).ToArray()).view_as(b.Value));
                Tensor change = b.Value.matmul(linear.Adapter.Parameters[0].Value).Times(alpha / rank);
                same[i].Weight.Exchange(linear.Weight.Value.Plus(change)).Dispose();
            }
        TrainedParameters.Of(merged, [1, 2], projector);
        Tensor sum = nn.functional.cross_entropy(merged.Logits(merged.Hidden(batch).index_select(0, batch.AnswerRows)), batch.AnswerIds, reduction: nn.Reduction.Sum);
        sum.Times(Scale).backward();

        Assert.Equal(sum.item<float>(), new LossGradient(model, recompute, headRows: 3).Accumulate(batch, Scale), 1e-4 * sum.item<float>());
        foreach (var (i, linear) in trained.Adapted.Index())
        {
            Tensor whole = same[i].Weight.Value.grad!;
            var (a, b) = (linear.Adapter!.Parameters[0], linear.Adapter.Parameters[1]);
            Equal(whole.matmul(a.Value.detach().t()).Times(alpha / rank), b);
            Equal(b.Value.detach().t().matmul(whole).Times(alpha / rank), a);
            Assert.False(linear.Weight.IsTrainable);
        }
        foreach (var (own, other) in model.Projector.Zip(merged.Projector).Where(_ => projector)) Equal(other.Value.grad!, own);

        static void Equal(Tensor expected, Parameter parameter)
        {
            double norm = expected.norm().item<float>(), difference = (parameter.Value.grad! - expected).norm().item<float>();
            Assert.True(norm > 0 && difference <= 1e-4 * norm, $"{parameter.Name}: {difference} of {norm}");
        }
    }

    [Fact]
    public void At_first_nothing_is_changed_and_A_is_uniform_by_seed_and_name()
    {
        using var scope = NewDisposeScope();
        using var model = LossGradientTests.Random(3, tied: true);
        using var batch = Batch.Pack([LossGradientTests.Conversation(6, (1, 2))], CPU);
        Tensor Logits()
        {
            using var _ = no_grad();
            return model.Logits(model.Hidden(batch));
        }
        Tensor before = Logits();
        float[][] Values(int seed)
        {
            var trained = TrainedParameters.Of(model, [0, 2], lowRank: new(4, 8, seed));
            Assert.True(before.eq(Logits()).all().item<bool>());
            Assert.Equal(trained.Parameters.Sum(parameter => parameter.Value.numel()), trained.Count);
            Assert.All(trained.Adapted, linear =>
            {
                double most = linear.Adapter!.Parameters[0].Value.abs().max().item<float>(), bound = 1 / Math.Sqrt(linear.Weight.Value.shape[1]);
                Assert.InRange(most, 0.9 * bound, bound);
                Assert.Equal(0, linear.Adapter.Parameters[1].Value.abs().max().item<float>());
            });
            float[][] values = [.. trained.Adapted.Select(linear => linear.Adapter!.Parameters[0].Value.detach().data<float>().ToArray())];
            trained.RemoveAdapters();
            Assert.All(model.Layers.SelectMany(layer => layer.Linears), linear => Assert.Null(linear.Adapter));
            return values;
        }
        float[][] one = Values(1);
        Assert.Equal(one, Values(1));
        Assert.Equal(one.Length, one.Concat(Values(2)).Select(values => values[0]).Distinct().Count() / 2);   // no two begin alike
    }

    [Fact]
    public void What_is_written_gives_the_logits_that_the_adapters_gave()
    {
        using var scope = NewDisposeScope();
        using var samples = new PreparedSamples(TinyCheckpoints.Untied, 6);   // fp32 weights: nothing is rounded
        using var batch = Batch.Pack(samples.Encoded(0, 1, 2, 3), CPU);
        var options = new FineTuneOptions(LearningRate: 1e-2, SamplesPerStep: 2, MicroBatchTokens: 300, Lora: 3, TrainOn: "text");
        using var tuner = new FineTuner(samples.Loaded.Model, [4, 30], options, _scratch.At("work"), "key", seed: 3);
        Tensor before = Logits(samples.Loaded.Model);
        tuner.Run(samples.Count, (epoch, next, skipped, _) =>
            samples.Load([.. Enumerable.Range(0, samples.Count)], next, skipped, _ => false));
        Tensor adapted = Logits(samples.Loaded.Model);
        TunedModel.Write(TinyCheckpoints.Untied, tuner.Tuned.Changes, _scratch.At("tuned"), new Dictionary<string, string>());
        using var written = LoadedModel.Open(_scratch.At("tuned"), CPU, ScalarType.Float32);
        double moved = (adapted - before).abs().max().item<float>(), apart = (Logits(written.Model) - adapted).abs().max().item<float>();
        Assert.True(moved > 1e-2 && apart < 1e-3 * moved, $"{apart} of {moved}");

        Tensor Logits(VisionLanguageModel model)
        {
            using var _ = no_grad();
            return model.Logits(model.Hidden(batch));
        }
    }

    [Fact]
    public void The_stage_changes_the_projections_of_the_tuned_layers_and_nothing_else()
    {
        string pruned = LayerRemoval.Prune(TinyCheckpoints.Tied, PruningPlan.Create(12, drop: [5], tune: [4]), _scratch.At("pruned")).Folder, tuned = _scratch.At("tuned");
        var record = FineTuneStage.Run(pruned, tuned, JobOf(new(Lora: 2)));
        using Checkpoint before = Checkpoint.Open(pruned), after = Checkpoint.Open(tuned);
        static bool IsTrained(string name) => name.Contains("language_model.layers.4.", StringComparison.Ordinal) && name.EndsWith("_proj.weight", StringComparison.Ordinal);
        Assert.Equal(before.Names.Order(), after.Names.Order());
        Assert.Equal(before.Names.Where(IsTrained).Order(), record.TunedParameters.Order());
        Assert.All(before.Names, name => Assert.Equal(!IsTrained(name), Same(before, after, name)));
        using (var loaded = LoadedModel.Open(pruned, CPU, ScalarType.Float32))
            Assert.Equal(loaded.Model.Layers[4].Linears.Sum(linear => 2 * linear.Weight.Value.shape.Sum()), record.TunedWeights);
        Assert.All(Verification.Structure(tuned, TinyCheckpoints.Tied), check => Assert.True(check.Passed, check.Detail));
        Assert.Contains("no run with these settings",
            Assert.Throws<InputException>(() => FineTuneStage.Run(pruned, tuned, JobOf(new(Lora: 3)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranks_and_layers_that_cannot_be_are_refused()
    {
        string pruned = LayerRemoval.Prune(TinyCheckpoints.Tied, PruningPlan.Create(12, drop: [5], tune: [4]), _scratch.At("pruned")).Folder;
        string Refusal(FineTuneOptions options) => Assert.Throws<InputException>(() => FineTuneStage.Run(pruned, _scratch.At("tuned"), JobOf(options))).Message;
        Assert.Matches(@"^finetune\.lora is 1000000000, but \S+ is \d+ x \d+: choose at most \d+\.$", Refusal(new(Lora: 1_000_000_000)));
        Assert.Contains("finetune.train names none", Refusal(new(Lora: 2, Train: "projector")), StringComparison.Ordinal);
        Assert.False(Path.Exists(_scratch.At("tuned")) || Path.Exists(_scratch.At("tuned.training")));
    }

    [Fact]
    public void The_estimate_has_no_masters_of_the_layers_weights()
    {
        using VisionLanguageModel model = LossGradientTests.Random(6, tied: true), other = LossGradientTests.Random(6, tied: true);
        var (whole, adapted) = (TrainedParameters.Of(model, [4]), TrainedParameters.Of(other, [4], lowRank: new(2, 4, 0)));
        var (full, low) = (MemoryEstimate.For(model, whole, new()), MemoryEstimate.For(other, adapted, new(Lora: 2)));
        Assert.Equal(16 * adapted.Count, low.Masters);
        Assert.True(low.Masters < full.Masters / 2);
        Assert.Equal(4 * whole.Count, low.Weights - full.Weights);
        Assert.Equal(4L * 4096 * 2 * 7, low.Activations - full.Activations);
    }

    private Job JobOf(FineTuneOptions options)
    {
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"),
            [.. Enumerable.Range(0, 8).Select(i => new TestRow([image], [($"What is number {i}?", $"It is {i}.")]))], new());
        return new(new Experiment(Data: new(_scratch.At("data"), Rate: 1), Finetune: options with { LearningRate = 1e-1, SamplesPerStep = 2 }), Demo.Fp32);
    }

    private static unsafe bool Same(Checkpoint a, Checkpoint b, string name)
    {
        var ((aFile, aEntry), (bFile, bEntry)) = (a.Find(name), b.Find(name));
        return new ReadOnlySpan<byte>(aFile.Pointer(aEntry), (int)aEntry.Bytes).SequenceEqual(new(bFile.Pointer(bEntry), (int)bEntry.Bytes));
    }
}
