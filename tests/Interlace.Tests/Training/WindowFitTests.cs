using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public sealed class WindowFitTests : IDisposable
{
    private const double Scale = 0.25;

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(5, 1, 4)]
    [InlineData(5, 2, 5)]    // up to the last layer
    [InlineData(5, 0, 2)]    // features enter before layers 1 and 2: the pruned model adds the first of them where the second was added
    [InlineData(3, 0, 3)]    // and behind the last one
    [InlineData(2, 0, 2)]
    public void Loss_and_gradients_equal_those_of_the_pruned_model_s_own_pass_with_the_formula_written_out(int layers, int first, int after)
    {
        using var scope = NewDisposeScope();
        using var parent = LossGradientTests.Random(layers, tied: true);
        using var twin = LossGradientTests.Random(layers, tied: true);
        using var pruned = twin.Keep([.. Enumerable.Range(0, layers).Where(l => l <= first || l >= after)]);
        var trained = TrainedParameters.Of(twin, [first]).Parameters;
        using var batch = Batch.Pack([LossGradientTests.Conversation(5, (2, 1)), LossGradientTests.Conversation(9, (1, 1)), LossGradientTests.Conversation(4)], CPU);

        Tensor wanted, difference = Entering(pruned, batch, first + 1);
        using (no_grad()) wanted = Entering(parent, batch, after);
        difference = difference.Plus(wanted.neg());
        Tensor expected = difference.mul(difference).sum();
        expected.Times(Scale).backward();
        var plain = trained.ToDictionary(parameter => parameter.Name, parameter => parameter.Value.grad!.clone());
        foreach (var parameter in trained) parameter.Value.grad!.zero_();

        var fit = new WindowFit(pruned, parent, new(first, after));
        var loss = fit.Accumulate(batch, 1, Scale);
        Assert.Equal(0, loss.Answers);
        Assert.Equal(expected.item<float>(), loss.States, 1e-4 * expected.item<float>());
        Assert.Equal(loss.States, fit.Loss(batch), 1e-9 * loss.States);
        Assert.Equal(wanted.numel(), fit.Terms(batch));
        Assert.True(loss.States > 0.1);
        foreach (var parameter in trained)
        {
            double norm = plain[parameter.Name].norm().item<float>(), off = (parameter.Value.grad! - plain[parameter.Name]).norm().item<float>();
            Assert.True(norm > 0 && off <= 1e-4 * norm, $"{parameter.Name}: {off} of {norm}");
        }
        Assert.All(parent.Parameters, parameter => Assert.Null(parameter.Value.grad));
    }

    [Fact]
    public void A_window_begins_with_the_one_trained_layer_and_ends_before_the_next_that_stays()
    {
        Assert.Equal(new(3, 6), Window.Of([3], [0, 1, 2, 3, 6, 7], 8));
        Assert.Equal(new(3, 8), Window.Of([3], [0, 1, 2, 3], 8));
        Assert.Equal(new(1, 4), Window.Of([1], [0, 1, 4, 7], 8));   // what is dropped above does not matter
        void Refused(string expected, int[] trained, int[] origin) => Assert.Contains(expected, Assert.Throws<InputException>(() => Window.Of(trained, origin, 8)).Message, StringComparison.Ordinal);
        Refused("2 are to be trained", [1, 2], [0, 1, 2, 5, 6, 7]);
        Refused("0 are to be trained", [], [0, 1, 2, 5, 6, 7]);
        Refused("none is dropped behind layer 1", [1], [0, 1, 2, 5, 6, 7]);
        Refused("none is dropped behind layer 7", [7], [0, 1, 2, 3, 4, 5, 6, 7]);
        Refused("fits layer 4 to what the unpruned model has there, but layers below it are dropped", [2], [0, 1, 4, 7]);
    }

    [Fact]
    public void The_stage_brings_the_layer_nearer_to_its_window_and_changes_nothing_else()
    {
        string pruned = Prune("pruned", drop: [6, 7], tune: [5]);
        var job = new Job(Experiment(new(LearningRate: 3e-3, Epochs: 6, SamplesPerStep: 4, Validation: 0.25, SaveEvery: 3)), Demo.Fp32);
        var record = FineTuneStage.Run(pruned, _scratch.At("fitted"), job);
        Assert.Equal([5], record.TunedLayers);
        Assert.Equal(FineTuneOptions.WindowMse, record.Settings.Objective);
        double[] held = [.. TrainingLog.Read(_scratch.At("fitted", TrainingLog.Name)).Select(row => row.ValidationLoss).OfType<double>()];
        Assert.True(held.Length > 2 && held[^1] < 0.9 * held[0], string.Join(' ', held));
        Assert.True(record.LastLoss < record.FirstLoss);
        Assert.All(Verification.Structure(_scratch.At("fitted"), TinyCheckpoints.Tied), check => Assert.True(check.Passed, check.Detail));

        // The log's loss is the mean over tokens and elements.
        using LoadedModel parent = Open(TinyCheckpoints.Tied), model = Open(pruned);
        var first = TrainingLog.Read(_scratch.At("fitted", TrainingLog.Name))[0];
        var whole = job with { Experiment = Experiment(new(LearningRate: 3e-3, Epochs: 1, SamplesPerStep: 100, SaveEvery: 3)) };
        FineTuneStage.Run(pruned, _scratch.At("at once"), whole);
        var one = Assert.Single(TrainingLog.Read(_scratch.At("at once", TrainingLog.Name)));
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack(Samples(model), CPU);
        Assert.Equal(one.Tokens, batch.Lengths.Sum(length => (long)length));
        Assert.Equal(new WindowFit(model.Model, parent.Model, new(5, 8)).Loss(batch) / (one.Tokens * model.Model.HiddenSize), one.Loss, 1e-5 * one.Loss);
    }

    [Fact]
    public void A_fit_that_is_ended_goes_on_to_the_same_bytes()
    {
        string pruned = Prune("pruned", drop: [6, 7], tune: [5]);
        var experiment = Experiment(new(LearningRate: 1e-3, Epochs: 2, SamplesPerStep: 4, SaveEvery: 1));
        FineTuneStage.Run(pruned, _scratch.At("whole"), new Job(experiment, Demo.Fp32));
        using var ending = new CancellationTokenSource();
        var progress = new ImmediateProgress(at =>
        {
            if (at is { Stage: "finetune", Done: 3 }) ending.Cancel();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => FineTuneStage.Run(pruned, _scratch.At("broken"), new Job(experiment, Demo.Fp32, null, progress, ending.Token)));
        Assert.False(Directory.Exists(_scratch.At("broken")));
        FineTuneStage.Run(pruned, _scratch.At("broken"), new Job(experiment, Demo.Fp32));
        foreach (string file in Directory.EnumerateFiles(_scratch.At("whole")).Select(file => Path.GetFileName(file)).Where(file => file != TrainingLog.Name))
            Assert.Equal(File.ReadAllBytes(_scratch.At("whole", file)), File.ReadAllBytes(_scratch.At("broken", file)));
    }

    [Fact]
    public void What_cannot_be_fitted_is_refused_and_leaves_nothing()
    {
        string pruned = Prune("pruned", drop: [6, 7], tune: [5]), two = Prune("two", drop: [6, 9], tune: [5, 8]), above = Prune("above", drop: [5], tune: [6]);
        void Refused(string expected, string folder, FineTuneOptions options)
        {
            Assert.Contains(expected, Assert.Throws<InputException>(() => FineTuneStage.Run(folder, _scratch.At("fitted"), new Job(Experiment(options), Demo.Fp32))).Message, StringComparison.Ordinal);
            Assert.False(Path.Exists(_scratch.At("fitted")) || Path.Exists(_scratch.At("fitted.training")));
        }
        Refused("leave finetune.distill out", pruned, new(Distill: 0.5));
        Refused("leave finetune.distill_hidden out", pruned, new(DistillHidden: 1));
        Refused("leave finetune.train at tune", pruned, new(Train: FineTuneOptions.AllKept));
        Refused("the plan tunes 2: take one of streamline", two, new());
        Refused("layers below it are dropped", above, new());
        Refused("--parent", pruned, new(Parent: ""));
        Refused("was not made from", pruned, new(Parent: TinyCheckpoints.Untied));
    }

    [Fact]
    public void The_estimate_of_memory_has_one_layer_and_no_head()
    {
        using var model = LossGradientTests.Random(8, tied: true);
        using var parent = LossGradientTests.Random(9, tied: true);
        var tuned = TrainedParameters.Of(model, [0]);
        MemoryEstimate fit = MemoryEstimate.For(model, tuned, new(Objective: FineTuneOptions.WindowMse), parent: parent), language = MemoryEstimate.For(model, tuned, new(), parent: parent);
        Assert.Equal((language.Weights, language.Masters, language.Parent), (fit.Weights, fit.Masters, fit.Parent));
        Assert.InRange(fit.Activations, 1, language.Activations - 1);
    }

    /// <summary>What enters a layer, [N, D], visual features that are added before it included; L for what enters the final norm.</summary>
    private static Tensor Entering(VisionLanguageModel model, Batch batch, int layer)
    {
        Tensor? found = null;
        Tensor last = model.Hidden(batch, (l, run, input) =>
        {
            if (l == layer) found = input.alias();
            return run(input);
        });
        return found ?? last;
    }

    private string Prune(string name, int[] drop, int[] tune) =>
        LayerRemoval.Prune(TinyCheckpoints.Tied, PruningPlan.Create(12, drop, tune), _scratch.At(name)).Folder;

    private static LoadedModel Open(string folder) => LoadedModel.Open(folder, CPU, ScalarType.Float32);

    private EncodedSample[] Samples(LoadedModel model)
    {
        var data = Interlace.Data.DrawnData.Open(Experiment(new()).Complete().Data!, 0);
        return [.. data.Load(data.Source.Read(data.Draw.Rows, [], data.FilterFor(model.Processor)), model.Processor, [], 0, default).Select(sample => sample.Encoded)];
    }

    /// <summary>Learns from the tiny model unless another is named; an empty name is none.</summary>
    private Experiment Experiment(FineTuneOptions options)
    {
        if (!Directory.Exists(_scratch.At("data")))
        {
            byte[] image = Png.Write(64, 32, 8, 2, [.. Enumerable.Range(0, 64 * 32 * 3).Select(i => (byte)(i * 37))]);
            TestRow Row(int i) => new(i % 2 == 0 ? [image] : [], [($"What is number {i * 37 % 101}?", $"It is {i * 7919 % 1009}.")]);
            ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 16).Select(Row)], new());
        }
        string? parent = options.Parent switch { null => TinyCheckpoints.Tied, "" => null, var named => named };
        return new(Data: new(_scratch.At("data"), Rate: 1, Workers: 1), Finetune: options with { Objective = FineTuneOptions.WindowMse, Parent = parent });
    }
}
