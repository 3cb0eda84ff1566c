using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public sealed class TrainedParametersTests : IDisposable
{
    private static readonly PruningPlan Plan = PruningPlan.Create(12, drop: [5], tune: [4]);

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_option_names_the_layers()
    {
        Assert.Equal([2, 4], TrainedParameters.LayersOf("tune", [2, 4], 9));
        Assert.Equal([2, 4], TrainedParameters.LayersOf("tune+projector", [2, 4], 9));
        Assert.Equal([], TrainedParameters.LayersOf("projector", [2, 4], 9));
        Assert.Equal(Enumerable.Range(0, 9), TrainedParameters.LayersOf("all-kept", [], 9));
        foreach (string train in new[] { "tune", "tune+projector" })
            Assert.Contains("tunes no layer", Assert.Throws<InputException>(() => TrainedParameters.LayersOf(train, [], 9)).Message);
    }

    [Theory]
    [InlineData("tune"), InlineData("projector"), InlineData("tune+projector"), InlineData("all-kept")]
    public void The_stage_changes_what_the_option_names_and_nothing_else(string train)
    {
        string pruned = LayerRemoval.Prune(TinyCheckpoints.Tied, Plan, _scratch.At("pruned")).Folder, tuned = _scratch.At("tuned");
        var record = FineTuneStage.Run(pruned, tuned, JobOf(train));
        Func<string, bool> isTrained = train switch
        {
            "tune" => name => name.Contains(".layers.4.", StringComparison.Ordinal),
            "projector" => IsProjector,
            "tune+projector" => name => name.Contains(".layers.4.", StringComparison.Ordinal) || IsProjector(name),
            _ => name => name.Contains("language_model.layers.", StringComparison.Ordinal),
        };
        using Checkpoint before = Checkpoint.Open(pruned), after = Checkpoint.Open(tuned);
        Assert.Equal(before.Names.Where(isTrained).Order(), record.TunedParameters.Order());
        Assert.All(before.Names.Where(name => !isTrained(name)), name => Assert.True(Same(before, after, name), name));
        // The first rate is 0, so two steps are one update; a bf16 weight may stand where it was, a matrix does not.
        Assert.All(before.Names.Where(name => isTrained(name) && before.Find(name).Entry.Shape.Length == 2),
            name => Assert.False(Same(before, after, name), name));
        Assert.Equal(train switch { "projector" => [], "all-kept" => [.. Enumerable.Range(0, 11)], _ => new[] { 4 } }, record.TunedLayers);

        string text = File.ReadAllText(Path.Combine(tuned, TrainingRecord.Name));
        Assert.Equal(train != "tune", text.Contains("\"train\":", StringComparison.Ordinal));
        var checks = Verification.Structure(tuned, TinyCheckpoints.Tied);
        Assert.All(checks, check => Assert.True(check.Passed, check.Detail));
        Assert.Equal(train != "tune", checks.Any(check => check.Name == "trained beyond the plan"));
        if (train != "projector") return;
        File.Delete(Path.Combine(tuned, TrainingRecord.Name));   // without the record nothing but the plan's layers may differ
        Assert.Equal("outside the decoder layers", Assert.Single(Verification.Structure(tuned, TinyCheckpoints.Tied), check => !check.Passed).Name);
    }

    [Fact]
    public void A_run_that_trains_something_else_is_not_taken_for_this_one()
    {
        string pruned = LayerRemoval.Prune(TinyCheckpoints.Tied, Plan, _scratch.At("pruned")).Folder, tuned = _scratch.At("tuned");
        FineTuneStage.Run(pruned, tuned, JobOf("tune"));
        Assert.Contains("no run with these settings",
            Assert.Throws<InputException>(() => FineTuneStage.Run(pruned, tuned, JobOf("tune+projector"))).Message);
    }

    [Fact]
    public void A_model_that_reads_text_alone_has_no_projector_to_train()
    {
        string pruned = LayerRemoval.Prune(TinyCheckpoints.Text, PruningPlan.Create(10, drop: [5], tune: [4]), _scratch.At("pruned")).Folder;
        foreach (string train in new[] { "projector", "tune+projector" })
        {
            string refusal = Assert.Throws<InputException>(() => FineTuneStage.Run(pruned, _scratch.At("tuned"), JobOf(train))).Message;
            Assert.Equal("finetune.train names the projector, but the model reads text alone and has none: choose tune or all-kept.", refusal);
        }
        Assert.False(Path.Exists(_scratch.At("tuned")) || Path.Exists(_scratch.At("tuned.training")));
    }

    [Fact]
    public void The_estimate_has_the_graph_through_the_projector_and_all_layers_under_it()
    {
        using var model = LossGradientTests.Random(6, tied: true);
        var alone = MemoryEstimate.For(model, TrainedParameters.Of(model, [4]), new());
        using var other = LossGradientTests.Random(6, tied: true);
        var both = MemoryEstimate.For(other, TrainedParameters.Of(other, [4], projector: true), new());
        Assert.Equal(16 * other.Projector.Sum(parameter => parameter.Value.numel()), both.Masters - alone.Masters);
        Assert.True(both.Activations - alone.Activations > 4L * 4096 * 4 * 24, "four more layers' inputs");
    }

    [Fact]
    public void In_little_memory_a_trained_weight_takes_six_bytes_and_its_state_four()
    {
        using VisionLanguageModel model = LossGradientTests.Random(6, tied: true), other = LossGradientTests.Random(6, tied: true);
        var full = MemoryEstimate.For(model, TrainedParameters.Of(model, [4]), new());
        var trained = TrainedParameters.Of(other, [4], type: ScalarType.BFloat16);
        var lean = MemoryEstimate.For(other, trained, new(OptimizerMemory: "lean"));
        Assert.Equal(full with { Masters = lean.Masters, BytesPerWeight = lean.BytesPerWeight }, lean);
        Assert.InRange((double)lean.Masters / trained.Count, 6, 6.1);
        Assert.Contains("at 16 bytes a weight", full.ToString(), StringComparison.Ordinal);
        Assert.Contains("at 6.03 bytes a weight", lean.ToString(), StringComparison.Ordinal);

        using var optimiser = new LeanAdamW(trained.Parameters, seed: 1);
        long whole = optimiser.States.Sum(state => state.Value.numel() * state.Value.element_size()) + 2 * trained.Count;
        Assert.InRange((double)whole / trained.Count, LeanAdamW.SavedBytesPerWeight, 1.5 * LeanAdamW.SavedBytesPerWeight);   // whole blocks
    }

    private static bool IsProjector(string name) => name.Contains("merger", StringComparison.Ordinal);

    private Job JobOf(string train)
    {
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"),
            [.. Enumerable.Range(0, 8).Select(i => new TestRow([image], [($"What is number {i}?", $"It is {i}.")]))], new());
        var options = new FineTuneOptions(LearningRate: 1e-3, SamplesPerStep: 4, Train: train);
        return new(new Experiment(Data: new(_scratch.At("data"), Rate: 1), Finetune: options), Demo.Fp32);
    }

    private static unsafe bool Same(Checkpoint a, Checkpoint b, string name)
    {
        var ((aFile, aEntry), (bFile, bEntry)) = (a.Find(name), b.Find(name));
        return new ReadOnlySpan<byte>(aFile.Pointer(aEntry), (int)aEntry.Bytes).SequenceEqual(new(bFile.Pointer(bEntry), (int)bEntry.Bytes));
    }
}
