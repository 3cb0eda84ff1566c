using Interlace.Calibration;
using Interlace.Pruning.Losses;
using Interlace.Tests.Families;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;
using Generator = Interlace.Vlm.Generation.Generator;

namespace Interlace.Tests;

[CollectionDefinition(nameof(LiveTensors), DisableParallelization = true)]
public sealed class LiveTensors;

/// <summary>What works with tensors leaves as many as it found, whether they are in a dispose scope or not; and a long run needs no more memory than a short one.</summary>
[Collection(nameof(LiveTensors))]
public sealed class LiveTensorsTests : IDisposable
{
    private readonly PreparedSamples _samples = new(TinyCheckpoints.Tied, 9);

    public void Dispose() => _samples.Dispose();

    public static TheoryData<string> Families => [.. FamilyGoldens.Names];

    [Fact]
    public void A_tensor_that_is_forgotten_is_seen()
    {
        Tensor? forgotten = null;
        Assert.Equal(1, Left(() => forgotten = zeros(3)));
        forgotten!.Dispose();
        Assert.Equal(1, Left(() =>
        {
            using var scope = NewDisposeScope();
            forgotten = zeros(3).DetachFromDisposeScope();
        }));
        forgotten.Dispose();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Gradients_leave_no_tensor(bool recompute)
    {
        TrainedParameters.Of(_samples.Loaded.Model, [4, 8]);
        var gradient = new LossGradient(_samples.Loaded.Model, recompute, headRows: 3);
        void Pass()
        {
            using var batch = Batch.Pack(_samples.Encoded(0, 1, 2, 3), CPU);
            gradient.Accumulate(batch, 0.1);
            gradient.Loss(batch);
        }
        Pass();   // makes the gradients that stay
        Assert.Equal(0, Left(Pass));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_layer_that_came_through_the_backward_pass_leaves_no_tensor(bool isBroad)
    {
        using var samples = new PreparedSamples(isBroad ? TinyCheckpoints.Broad : TinyCheckpoints.Tied, 4);
        TrainedParameters.Of(samples.Loaded.Model, [1, 4]);
        List<long> alive = [];
        var gradient = new LossGradient(samples.Loaded.Model, headRows: 3);
        using var batch = Batch.Pack(samples.Encoded(0, 1, 2, 3), CPU);
        for (int round = 0; round < 2; round++)
        {
            alive.Clear();
            gradient.Accumulate(batch, 0.1, 0, _ => alive.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        }
        // Each gives its input back.
        Assert.True(alive.Count > 3 && alive.Zip(alive.Skip(1)).All(pair => pair.Second < pair.First), string.Join(' ', alive));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Gradients_and_answers_of_every_family_leave_no_tensor(string family)
    {
        using var samples = new PreparedSamples(FamilyGoldens.PathOf(family, FamilyGoldens.Published), 4);
        var model = samples.Loaded.Model;
        var generator = new Generator(model, new GenerationOptions(MaxNewTokens: 3, Slots: 2), []);
        Assert.Equal(0, Left(() => Assert.Equal(4, generator.Run(samples.Encoded(0, 1, 2, 3)).Count())));
        TrainedParameters.Of(model, [model.AddedLevels + 1, model.Layers.Count - 2]);
        var gradient = new LossGradient(model, recompute: true, headRows: 3);
        void Pass()
        {
            using var batch = Batch.Pack(samples.Encoded(0, 1, 2, 3), CPU);
            gradient.Accumulate(batch, 0.1);
        }
        Pass();   // makes the gradients that stay
        Assert.Equal(0, Left(Pass));
    }

    [Fact]
    public void A_layer_s_fit_to_its_window_leaves_no_tensor()
    {
        TrainedParameters.Of(_samples.Loaded.Model, [4]);
        using var parent = _samples.Open();
        var fit = new WindowFit(_samples.Loaded.Model, parent.Model, new(4, 8));
        void Pass()
        {
            using var batch = Batch.Pack(_samples.Encoded(0, 1, 2, 3), CPU);
            fit.Accumulate(batch, 0.1, 0.1);
            fit.Loss(batch);
        }
        Pass();
        Assert.Equal(0, Left(Pass));
    }

    [Fact]
    public void Gradients_under_distillation_leave_no_tensor()
    {
        TrainedParameters.Of(_samples.Loaded.Model, [4, 8]);
        using var parent = _samples.Open();
        var gradient = new LossGradient(_samples.Loaded.Model, headRows: 3, distillation: new(parent.Model, 0.5, 2));
        void Pass()
        {
            using var batch = Batch.Pack(_samples.Encoded(0, 1, 2, 3), CPU);
            gradient.Accumulate(batch, 0.1);
        }
        Pass();
        Assert.Equal(0, Left(Pass));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Gradients_of_embeddings_and_vision_leave_no_tensor(bool recompute)
    {
        foreach (var parameter in _samples.Loaded.Model.Parameters) parameter.Train();
        var gradient = new LossGradient(_samples.Loaded.Model, recompute);
        void Pass()
        {
            using var batch = Batch.Pack(_samples.Encoded(0, 1, 3), CPU);
            gradient.Accumulate(batch, 0.1);
        }
        Pass();
        Assert.Equal(0, Left(Pass));
    }

    [Fact]
    public void Steps_of_the_optimiser_leave_no_tensor()
    {
        var tuned = TrainedParameters.Of(_samples.Loaded.Model, [4]);
        using var optimiser = new AdamW(tuned.Parameters);
        var gradient = new LossGradient(_samples.Loaded.Model);
        void Step()
        {
            using var batch = Batch.Pack(_samples.Encoded(1, 2), CPU);
            gradient.Accumulate(batch, 1);
            optimiser.Clip(optimiser.GradientNorm(), 0.1);
            optimiser.Step(1e-3);
        }
        Step();
        Assert.Equal(0, Left(Step));
    }

    [Fact]
    public void Answers_leave_no_tensor_even_where_they_are_broken_off()
    {
        var generator = new Generator(_samples.Loaded.Model, new GenerationOptions(MaxNewTokens: 5, Slots: 2), []);
        Assert.Equal(0, Left(() => Assert.Equal(5, generator.Run(_samples.Encoded(0, 1, 2, 3, 4)).Count())));
        Assert.Equal(0, Left(() => Assert.NotEmpty(generator.Run(_samples.Encoded(0, 1, 2)).Take(1))));
        var drawing = new Generator(_samples.Loaded.Model, new GenerationOptions(MaxNewTokens: 3, Temperature: 1, TopK: 5, RepetitionPenalty: 1.1), []);
        Assert.Equal(0, Left(() => Assert.Equal(2, drawing.Run(_samples.Encoded(0, 1)).Count())));
        using var ending = new CancellationTokenSource();
        Assert.Equal(0, Left(() => Assert.ThrowsAny<OperationCanceledException>(object? () => generator.Run(_samples.Encoded(0, 1, 2), (_, _) => ending.Cancel(), cancellation: ending.Token).ToList())));
    }

    [Fact]
    public void Batches_and_similarities_leave_no_tensor()
    {
        var meter = new SimilarityMeter(_samples.Loaded.Model.Layers.Count, [1, 2, 3, 4]);
        Assert.Equal(5, Left(() => Batch.Pack(_samples.Encoded(0, 1), CPU)));   // its tensors, until it is disposed
        Assert.Equal(0, Left(() => Batch.Pack(_samples.Encoded(0, 1), CPU).Dispose()));
        Assert.Equal(0, Left(() =>
        {
            using var batch = Batch.Pack(_samples.Encoded(0, 1, 2), CPU);
            meter.Measure(_samples.Loaded.Model, batch);
        }));
    }

    [Theory, InlineData(0), InlineData(1L << 30)]
    public void Losses_without_layers_leave_no_tensor(long keptBytes) => Assert.Equal(0, Left(() =>
    {
        using var losses = new LayerLosses(_samples.Loaded.Model, _samples.Encoded(0, 1, 2, 3), keptBytes: keptBytes);
        SlebSearch.Run(losses, _samples.Loaded.Model.Layers.Count, 0, 2, []);
        losses.Of([0, 3]);
    }));

    [Fact]
    public void Importance_of_layers_leaves_no_tensor()
    {
        void Measure() => TaylorImportance.Measure(_samples.Loaded.Model, _samples.Encoded(0, 1, 2), memory: 0);
        Measure();
        Assert.Equal(0, Left(Measure));
    }

    [Fact]
    public void Opening_and_closing_a_model_leaves_no_tensor() => Assert.Equal(0, Left(() => _samples.Open().Dispose()));

    [Fact]
    public void Two_hundred_steps_need_no_more_memory_than_fifty()
    {
        var tuned = TrainedParameters.Of(_samples.Loaded.Model, [4, 8]);
        using var optimiser = new AdamW(tuned.Parameters);
        var gradient = new LossGradient(_samples.Loaded.Model);
        var generator = new Generator(_samples.Loaded.Model, new GenerationOptions(MaxNewTokens: 2), []);
        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var batch = Batch.Pack(_samples.Encoded(i % _samples.Count, (i + 1) % _samples.Count), CPU);
                gradient.Accumulate(batch, 0.01);
                optimiser.Clip(optimiser.GradientNorm(), 1);
                optimiser.Step(1e-4);
                if (i % 10 == 0) Assert.Single(generator.Run(_samples.Encoded(i % _samples.Count)));
            }
        }
        Steps(50);
        long before = MemoryInUse();
        Steps(200);
        long grown = MemoryInUse() - before;
        TestContext.Current.SendDiagnosticMessage($"200 steps grew the process by {grown / 1e6:0.0} MB");
        // A pass over these samples makes some 2 MB of tensors: leaking a twentieth of them would exceed this.
        Assert.True(grown < 20_000_000, $"{grown / 1e6:0.0} MB");
    }

    private static long MemoryInUse()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }

    /// <summary>Tensors of this thread that an action leaves alive, in a scope or outside.</summary>
    private static long Left(Action action)
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        action();
        return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
    }
}
