using System.Runtime.InteropServices;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public sealed class FineTunerTests : IDisposable
{
    private const int Seed = 5;
    private static readonly FineTuneOptions Options = new(LearningRate: 1e-3, Epochs: 2, SamplesPerStep: 4, MicroBatchTokens: 150, SaveEvery: 2);

    private readonly ScratchFolder _scratch = new();
    private readonly PreparedSamples _samples = new(TinyCheckpoints.Tied, 12);

    public static TheoryData<int, string> Ends => [.. from step in Enumerable.Range(1, 6)
        from end in new[] { "cancelled", "loader", "within", "killed" } where step < 6 || end is not ("loader" or "within")
        select (step, end)];

    public void Dispose()
    {
        _samples.Dispose();
        _scratch.Dispose();
    }

    // 12 samples an epoch of which three are left out, the last of each among them: steps of 4, 4 and 1.
    [Theory, MemberData(nameof(Ends))]
    public void A_run_that_ends_after_any_step_goes_on_to_the_same_bytes(int step, string end)
    {
        var whole = Run("whole", Options);
        Assert.Equal((6, 18, 6), (whole.Result.Steps, whole.Result.Samples, whole.Result.Skipped.Total));
        Assert.Equal([0, 0, 0, 1, 1, 1], whole.Log.Select(row => row.Epoch));

        Assert.ThrowsAny<Exception>(() => Run("broken", Options, step, end));
        if (end == "killed") File.AppendAllText(_scratch.At("broken", TrainingLog.Name), """{"step": 9, "epo""");   // a line that was cut off
        var resumed = Run("broken", Options);
        Assert.Equal(whole.Result.Steps, resumed.Result.Steps);
        Assert.Equal(whole.Result.Samples, resumed.Result.Samples);
        Assert.Equal(whole.Result.Skipped.ToString(), resumed.Result.Skipped.ToString());
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
        // A run that was killed, here before it could save this step, goes back to its last save; one that was ended repeats nothing.
        Assert.Equal(6 - (end == "killed" ? (step - 1) / Options.SaveEvery * Options.SaveEvery : step), resumed.Steps);
    }

    // Saves, and so validations, are after steps 2, 4 and 6.
    [Theory, InlineData(2), InlineData(4), InlineData(6)]
    public void A_run_that_is_called_off_while_it_validates_validates_when_it_goes_on(int step)
    {
        var whole = Run("whole", Options, validation: [0, 1, 2]);
        Assert.ThrowsAny<OperationCanceledException>(() => Run("broken", Options, step, "validating", validation: [0, 1, 2]));
        var resumed = Run("broken", Options, validation: [0, 1, 2]);
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(6 - step, resumed.Steps);
    }

    [Theory, InlineData(3, "killed"), InlineData(4, "validating"), InlineData(5, "cancelled")]
    public void Events_for_TensorBoard_are_those_of_the_log_also_where_a_run_goes_on(int step, string end)
    {
        var options = Options with { LogTo = "tensorboard" };
        (long, string, float)[] Events(string folder) => [.. TrainingEventsTests.Scalars(_scratch.At(folder, TrainingEvents.Name))
            .Where(scalar => scalar.Tag != "train/samples_per_second").Select(scalar => (scalar.Step, scalar.Tag, scalar.Value))];
        var whole = Run("whole", options, validation: [0, 1, 2]);
        Assert.ThrowsAny<Exception>(() => Run("broken", options, step, end, validation: [0, 1, 2]));
        Assert.Equal(whole.Weights, Run("broken", options, validation: [0, 1, 2]).Weights);
        Assert.Equal(Events("whole"), Events("broken"));
        foreach (var row in whole.Log)
        {
            Assert.Contains((row.Step, "train/loss", (float)row.Loss), Events("whole"));
            if (row.ValidationLoss is { } loss) Assert.Contains((row.Step, "validation/loss", (float)loss), Events("whole"));
        }
        Assert.Contains(Events("whole"), scalar => scalar.Item2 == "validation/loss");
    }

    [Theory, InlineData(3, "cancelled"), InlineData(4, "killed")]
    public void A_distilled_run_that_ends_after_any_step_goes_on_to_the_same_bytes(int step, string end)
    {
        var options = Options with { Distill = 0.7, DistillTemperature = 2 };
        var whole = Run("whole", options, distils: true);
        Assert.Equal(6, whole.Result.Steps);
        Assert.NotEqual(Run("plain", Options).Weights, whole.Weights);
        Assert.ThrowsAny<Exception>(() => Run("broken", options, step, end, distils: true));
        var resumed = Run("broken", options, distils: true);
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Theory, InlineData("projector", 3, "cancelled"), InlineData("tune+projector", 4, "killed"), InlineData("all-kept", 2, "cancelled")]
    public void A_run_that_trains_something_else_goes_on_to_the_same_bytes(string train, int step, string end)
    {
        var options = Options with { Train = train };
        var whole = Run("whole", options);
        Assert.NotEqual(Run("plain", Options).Weights, whole.Weights);
        Assert.ThrowsAny<Exception>(() => Run("broken", options, step, end));
        var resumed = Run("broken", options);
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Theory, InlineData(0, 3, "cancelled"), InlineData(0.5, 4, "killed")]
    public void A_run_that_learns_states_goes_on_to_the_same_bytes(double distill, int step, string end)
    {
        var options = Options with { DistillHidden = 2, Distill = distill };
        var whole = Run("whole", options, distils: true);
        Assert.NotEqual(Run("plain", options with { DistillHidden = 0 }, distils: true).Weights, whole.Weights);
        Assert.ThrowsAny<Exception>(() => Run("broken", options, step, end, distils: true));
        var resumed = Run("broken", options, distils: true);
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Theory, InlineData("tune", 3, "killed"), InlineData("tune+projector", 2, "cancelled")]
    public void A_run_that_trains_adapters_goes_on_to_the_same_bytes(string train, int step, string end)
    {
        var options = Options with { Train = train, Lora = 3 };
        var whole = Run("whole", options);
        Assert.NotEqual(Run("another alpha", options with { LoraAlpha = 5 }).Weights, whole.Weights);
        Assert.Equal(Run("the default alpha", options with { LoraAlpha = 6 }).Weights, whole.Weights);
        Assert.ThrowsAny<Exception>(() => Run("broken", options, step, end));
        var resumed = Run("broken", options);
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Theory, InlineData("tune", 0, 3, "killed"), InlineData("tune+projector", 2, 2, "cancelled")]
    public void A_run_in_little_memory_goes_on_to_the_same_bytes(string train, int lora, int step, string end)
    {
        var options = Options with { Train = train, Lora = lora, OptimizerMemory = "lean" };
        var whole = Run("whole", options);
        double full = Run("full", options with { OptimizerMemory = "full" }).Log[^1].Loss;
        Assert.NotEqual(full, whole.Log[^1].Loss);
        Assert.Equal(full, whole.Log[^1].Loss, 0.05 * full);
        Assert.ThrowsAny<Exception>(() => Run("broken", options, step, end));
        var resumed = Run("broken", options);
        Assert.Equal(whole.Log, resumed.Log);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Theory, InlineData("batch_mean"), InlineData("micro_batch_mean")]
    public void The_difference_of_states_is_a_mean_over_anchors_tokens_and_elements(string loss)
    {
        var options = Options with { Loss = loss, MicroBatchSamples = 2, MaxSteps = 1 };
        double plain = Run("plain", options).Log[0].Loss, with = Run("with", options with { DistillHidden = 2 }, distils: true).Log[0].Loss;
        EncodedSample[][] batches = loss == "batch_mean" ? [_samples.Encoded(FirstStep)] : [.. FirstStep.Chunk(2).Select(pair => _samples.Encoded(pair))];
        double mean = batches.Average(MeanSquare);
        Assert.True(mean > 1e-3);
        Assert.Equal(2 * mean, with - plain, 1e-4 * mean);
    }

    [Fact]
    public void State_of_another_key_is_not_taken_up()
    {
        Assert.ThrowsAny<Exception>(() => Run("broken", Options, 4));
        Assert.Equal(6, Run("broken", Options, key: "other").Steps);
    }

    [Fact]
    public void The_last_step_is_the_highest_allowed_and_the_schedule_ends_there()
    {
        var run = Run("short", Options with { MaxSteps = 2 });
        Assert.Equal([0, 1], run.Log.Select(row => row.Step));
        Assert.Equal(8, run.Result.Samples);
        Assert.Equal(new CosineSchedule(Options.LearningRate, 2, Options.WarmupRatio).At(1), run.Log[1].LearningRate);
    }

    [Fact]
    public void A_step_under_micro_batch_mean_is_the_mean_of_the_means()
    {
        var first = Run("means", Options with { Loss = "micro_batch_mean", MicroBatchSamples = 2, MaxSteps = 1 }).Log[0];
        int[] order = FirstStep;
        double[] means = [.. order.Chunk(2).Select(pair => MeanLoss(_samples.Encoded(pair)))];
        Assert.Equal(means.Average(), first.Loss, 1e-5);
        Assert.NotEqual(MeanLoss(_samples.Encoded(order)), first.Loss, 1e-4);
        Assert.Equal(MeanLoss(_samples.Encoded(order)), Run("whole batch", Options with { MaxSteps = 1 }).Log[0].Loss, 1e-5);
    }

    [Fact]
    public void Training_on_text_takes_the_loss_on_prompts_too()
    {
        var first = Run("text", Options with { TrainOn = "text", MaxSteps = 1 }).Log[0];
        EncodedSample[] step = _samples.Encoded(FirstStep);
        Assert.Equal(step.Sum(s => s.Length - 1 - s.Count(TokenKind.Image)), first.AnswerTokens);
        Assert.Equal(MeanLoss(step, allText: true), first.Loss, 1e-5);
    }

    [Fact]
    public void The_validation_loss_is_that_of_the_held_back_samples_at_every_save_and_at_the_end()
    {
        EncodedSample[] held = _samples.Encoded(0, 1, 2);
        var run = Run("validated", Options with { MaxSteps = 3 }, validation: [0, 1, 2]);
        Assert.Equal([false, true, true], run.Log.Select(row => row.ValidationLoss is not null));
        double before = MeanLoss(held);
        Assert.True(Math.Abs(run.Log[2].ValidationLoss!.Value - before) > 1e-3);
        Assert.Equal(run.LossAfter, run.Log[2].ValidationLoss!.Value, 1e-6);
        Assert.Equal(Run("not validated", Options with { MaxSteps = 3 }).Weights, run.Weights);   // looking changes nothing
    }

    [Fact]
    public void The_validation_loss_is_taken_on_the_tokens_that_are_trained()
    {
        var run = Run("text validated", Options with { TrainOn = "text", MaxSteps = 2 }, validation: [0, 1, 2]);
        Assert.Equal(run.LossAfter, run.Log[1].ValidationLoss!.Value, 1e-5);
        Assert.NotEqual(Run("answers validated", Options with { MaxSteps = 2 }, validation: [0, 1, 2]).Log[1].ValidationLoss!.Value,
            run.LossAfter, 1e-3);
    }

    [Fact]
    public void Without_a_held_back_sample_that_can_be_used_there_is_no_validation_loss() =>
        Assert.All(Run("none validated", Options with { MaxSteps = 2 }, validation: []).Log, row => Assert.Null(row.ValidationLoss));

    [Fact]
    public void What_cannot_be_tuned_is_refused()
    {
        Assert.Contains("12 too long", Assert.Throws<InputException>(() => Run("none", Options, isSkipped: _ => true)).Message, StringComparison.Ordinal);
        Assert.Contains("no longer a number", Assert.Throws<InputException>(() => Run("wild", Options with { LearningRate = 1e30, WarmupRatio = 0, Epochs = 4 })).Message, StringComparison.Ordinal);
    }

    private static bool IsLeftOut(long place) => place is 3 or 7 or 11;

    /// <summary>The samples of the first step, in their order.</summary>
    private int[] FirstStep => [.. SeededHash.Permutation(_samples.Count, Seed).Where((_, place) => !IsLeftOut(place)).Take(Options.SamplesPerStep)];

    private sealed record Outcome(TrainingResult Result, TrainingLogRow[] Log, byte[] Weights, int Steps, double LossAfter);

    /// <param name="folder">Where state and log go.</param>
    /// <param name="options">How to tune.</param>
    /// <param name="endAfter">Ends after this step.</param>
    /// <param name="end">How: cancelled; the loader sees the cancellation first; called off within the next step, or in the validation
    /// behind this one; or an end without warning.</param>
    /// <param name="key">Key of the state.</param>
    /// <param name="validation">Samples that are held back.</param>
    /// <param name="isSkipped">Places that are left out.</param>
    /// <param name="distils">Learn from the model without layer 6, and where states are compared behind <see cref="Anchors"/>: any other model will do.</param>
    private Outcome Run(string folder, FineTuneOptions options, int endAfter = 0, string end = "cancelled", string key = "key", int[]? validation = null, Func<long, bool>? isSkipped = null, bool distils = false)
    {
        using var ending = new CancellationTokenSource();
        bool within = end is "within" or "validating";
        using var loaded = _samples.Open(within ? ending.Token : default);
        using var parent = distils ? Other() : null;
        using var tuner = new FineTuner(loaded.Model, TrainedParameters.LayersOf(options.Train, [4, 8], loaded.Model.Layers.Count), options, _scratch.At(folder), key, parent, anchors: Anchors);
        int steps = 0;
        var progress = new ImmediateProgress(step =>
        {
            steps++;
            if (step.Done != endAfter) return;
            if (end == "killed") throw new InvalidOperationException("killed");
            if (!within) ending.Cancel();
        });
        IEnumerable<LoadedSample> Load(int epoch, long next, SkipCounts skipped, IReadOnlyDictionary<long, string>? outlines)
        {
            foreach (var sample in _samples.Load(SeededHash.Permutation(_samples.Count, Seed, epoch), next, skipped, isSkipped ?? IsLeftOut))
            {
                if (end == "loader") ending.Token.ThrowIfCancellationRequested();
                if (end == "within" && steps == endAfter) ending.Cancel();
                yield return sample;
            }
        }
        IEnumerable<LoadedSample> Held()
        {
            if (end == "validating" && steps == endAfter) ending.Cancel();
            return _samples.Load(validation!, 0, [], _ => false);
        }
        var result = tuner.Run(_samples.Count, Load, validation is null ? null : Held, progress,
            end == "loader" || within ? CancellationToken.None : ending.Token);
        byte[] weights = [.. tuner.Tuned.Parameters.SelectMany(p => MemoryMarshal.AsBytes<float>(p.Value.detach().to(ScalarType.Float32).data<float>().ToArray()).ToArray())];
        TrainingLogRow[] log = [.. TrainingLog.Read(Path.Combine(_scratch.At(folder), TrainingLog.Name)).Select(row => row with { SamplesPerSecond = 0, MemoryBytes = 0 })];
        return new(result, log, weights, steps, validation is not { Length: > 0 }
            ? double.NaN : MeanLoss(_samples.Encoded(validation), options.TrainOn == "text", loaded.Model));
    }

    private static readonly Anchor[] Anchors = [new(5, 6), new(9, 8)];

    private VisionLanguageModel Other() => _samples.Loaded.Model.Keep([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]);

    /// <summary>Mean square of the differences of the states behind the anchors of the model as it is on the disk and the other.</summary>
    private double MeanSquare(EncodedSample[] samples)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var other = Other();
        using var batch = Batch.Pack(samples, CPU);
        Dictionary<int, Tensor> States(VisionLanguageModel of)
        {
            var states = new Dictionary<int, Tensor>();
            of.Hidden(batch, (l, layer, x) => (states[l] = layer(x).alias()).alias());
            return states;
        }
        var (own, others) = (States(_samples.Loaded.Model), States(other));
        return Anchors.Average(anchor => nn.functional.mse_loss(own[anchor.Layer], others[anchor.Original]).item<float>());
    }

    private double MeanLoss(EncodedSample[] samples, bool allText = false, VisionLanguageModel? of = null)
    {
        using var loaded = of is null ? _samples.Open() : null;
        var model = of ?? loaded!.Model;
        if (of is null) TrainedParameters.Of(model, [4, 8]);
        using var batch = Batch.Pack(samples, CPU, allText);
        return new LossGradient(model).Loss(batch) / batch.AnswerRows.shape[0];
    }
}
