using System.Diagnostics;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Tunes the plan's layers of a pruned model with next-token cross-entropy (paper 3.4, Eq. 2; A.5):
/// AdamW on fp32 masters (or in 8 bits beside bf16 weights), cosine schedule, micro-batches packed up to a token budget.
/// The order of samples is a seeded shuffle over everything drawn; an interrupted run resumes to the same bytes.
/// </summary>
/// <param name="model">The pruned model; its tuned layers become trainable.</param>
/// <param name="layers">Indices of the trained layers in it (<see cref="TrainedParameters.LayersOf"/>).</param>
/// <param name="options">How to tune.</param>
/// <param name="folder">Where the state and <c>train.jsonl</c> of the run are kept.</param>
/// <param name="key">Hash of everything that decides the result: a state of another key is not resumed.</param>
/// <param name="parent">The unpruned model, where it is learnt from.</param>
/// <param name="identity">What the model is, for the state to say.</param>
/// <param name="anchors">The layers behind which states are compared with the unpruned model's.</param>
/// <param name="window">The layers that the one trained layer is fitted to; null where the loss is that of predictions.</param>
/// <param name="seed">Chance of the tuning itself; the order of the samples is the caller's.</param>
/// <param name="ranks">
/// The ranks that tune together, each of which makes the same calls; the leader alone looks at the folder and writes. This process alone
/// where absent.
/// </param>
/// <param name="layerOwners">By layer the rank that holds its frozen weights, null where all do; null where nothing is shared.</param>
public sealed class FineTuner(VisionLanguageModel model, IReadOnlyList<int> layers, FineTuneOptions options, string folder, string key,
    VisionLanguageModel? parent = null, ModelIdentity? identity = null, IReadOnlyList<Anchor>? anchors = null,
    Window? window = null, int seed = 0, RankGroup? ranks = null, IReadOnlyList<int?>? layerOwners = null) : IDisposable
{
    /// <summary>File name of the state.</summary>
    internal const string StateName = "state.safetensors";

    private readonly TrainedParameters _tuned = TrainedParameters.Of(model, layers, options.TrainsProjector,
        options.Lora == 0 ? null : new(options.Lora, options.LoraAlpha ?? 2.0 * options.Lora, seed),
        options.IsLean ? ScalarType.BFloat16 : ScalarType.Float32);
    private readonly BackgroundWriter _writer = new();
    private readonly RankGroup _ranks = ranks ?? RankGroup.Alone;
    private readonly TrainingEvents? _events = options.LogTo != FineTuneOptions.TensorBoard || ranks is { Leads: false } ? null
        : new(Path.Combine(folder, TrainingEvents.Name), TimeProvider.System);
    private readonly IReadOnlySet<int> _offloaded = OffloadedLayers.Of(options, layers, model.Layers.Count);
    private Shares? _shares;
    private IOptimiser? _optimiser;

    /// <summary>What is tuned.</summary>
    public TrainedParameters Tuned => _tuned;

    /// <summary>What it will need.</summary>
    public MemoryEstimate Memory => MemoryWith(options);

    /// <summary>What to say where it will need more memory than there is; null where it fits.</summary>
    /// <param name="bytes">Memory of the device.</param>
    internal string? TooLarge(long bytes)
    {
        long Needs(FineTuneOptions settings) => MemoryWith(settings).Total;
        if (Needs(options) <= bytes) return null;
        string much = $"That is more than the {bytes / 1e9:0.0} GB of the GPU";
        return LeanerSettings.Fitting(options, bytes, Needs) is { } fit
            ? $"{much}: with {string.Join(" and ", fit.Changed)} it would need about {Needs(fit.Options) / 1e9:0.0} GB."
            : $"{much}: train fewer layers, or adapters (finetune.lora).";
    }

    private MemoryEstimate MemoryWith(FineTuneOptions settings) =>
        MemoryEstimate.For(model, _tuned, settings, parent: parent, anchors: Anchors.Count, ranks: _ranks.Count,
            layerOwners: layerOwners);

    private IReadOnlyList<Anchor> Anchors => options.DistillHidden > 0 ? anchors ?? [] : [];
    private string StatePath => Path.Combine(folder, StateName);
    private string LogPath => Path.Combine(folder, TrainingLog.Name);

    /// <summary>Steps of a run over so many samples; samples that turn out unusable make it shorter.</summary>
    public static int TotalSteps(FineTuneOptions options, int samples)
    {
        int steps = options.Epochs * ((samples + options.SamplesPerStep - 1) / options.SamplesPerStep);
        return Math.Min(steps, options.MaxSteps ?? steps);
    }

    /// <summary>Runs or resumes.</summary>
    /// <param name="sampleCount">Samples of an epoch.</param>
    /// <param name="load">Gives the samples of an epoch from an index on.</param>
    /// <param name="validation">Gives the held-back samples; null where none are.</param>
    /// <param name="progress">Reports after each step.</param>
    /// <param name="cancellation">Ends after a step; the state is kept, as it is where the model itself is called off within one.</param>
    /// <exception cref="InputException">No sample could be used, the loss is no longer a number,
    /// or a model's files changed while they were used.</exception>
    public TrainingResult Run(int sampleCount, LoadEpoch load, Func<IEnumerable<LoadedSample>>? validation = null,
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        int total = TotalSteps(options, sampleCount);
        var schedule = new CosineSchedule(options.LearningRate, total, options.WarmupRatio);
        _shares ??= new(model, _tuned, _ranks.Collective, options.Shard != FineTuneOptions.Unshared);
        _optimiser ??= NewOptimiser(_shares.Own);
        var state = Begin(total, sampleCount);
        var within = _shares.AreShared ? CancellationToken.None : cancellation;   // a step is one that all ranks end, or none
        using var calls = _ranks.Count > 1 ? new InTurn(Overlaps()) : new InTurn(behind: _offloaded.Count > 0 && IsOnGpu, waits: true);
        var objective = Objective(calls);
        using var sums = _ranks.Count == 1 ? null : new GradientSums(model, _tuned, _shares, _ranks.Collective, calls);
        var steps = new TrainingSteps(Batches, TrainsAllText, _ranks.Collective, model.Parts);
        var gradients = new StepGradients(model, parent, objective, options, sums, StateScale, TrainsAllText, _ranks.Collective,
            layersElsewhere: LayersElsewhere);
        Dictionary<long, string> failing = [];   // of this epoch
        bool whole = true;   // weights, optimiser and log stand where the state says
        int saved = state.Step;
        bool Saves() => state.Step % options.SaveEvery == 0;
        try
        {
            if (state.Step > 0 && (Saves() || state.Step == total)) Validate(objective, validation);   // it was called off there
            while (state.Epoch < options.Epochs && state.Step < total)
            {
                var skipped = new SkipCounts(state.Skipped);
                var samples = load(state.Epoch, state.NextIndex, skipped, _ranks.Count > 1 ? new Dictionary<long, string>(failing) : null);
                var clock = Stopwatch.StartNew();
                bool again = false;
                foreach (var step in steps.Of(samples, skipped, within))
                {
                    if (again = _ranks.Count > 1 && Fails(step, failing)) break;
                    double loss = gradients.Accumulate(step, state.Step);
                    whole = false;
                    var row = new TrainingLogRow(state.Step, state.Epoch, loss, 0, 0, step.Samples, step.Tokens, step.Answers, 0, 0);
                    row = Update(row, schedule.At(state.Step));
                    model.CheckUnchanged();
                    parent?.CheckUnchanged();
                    row = row with { SamplesPerSecond = row.Samples / clock.Elapsed.TotalSeconds };
                    clock.Restart();
                    if (_ranks.Leads) TrainingLog.Append(LogPath, row);
                    _events?.Append(row);
                    state = new(state.Step + 1, state.Epoch, step.EndsEpoch ? sampleCount : step.NextIndex, step.Skipped);
                    whole = true;
                    progress?.Report(new("finetune", state.Step, total, "steps",
                        $"loss {row.Loss:0.0000}, {row.SamplesPerSecond:0.0} samples/s"));
                    EndWhereAsked(cancellation);
                    if (Saves()) Save(state);
                    if (Saves()) saved = state.Step;
                    if (Saves() || state.Step == total) Validate(objective, validation);
                    if (state.Step == total) break;
                }
                if (again) continue;
                failing.Clear();
                if (state.Step < total) state = state with { Epoch = state.Epoch + 1, NextIndex = 0, Skipped = new SkipCounts(skipped) };
                if (state.Step == 0) throw skipped.NoneLeft();
            }
        }
        catch (OperationCanceledException) when (whole)   // from here or from the samples, which stop as soon
        {
            if (state.Step > saved) Save(state);
            _writer.Wait();
            throw;
        }
        finally
        {
            _writer.Settle();
        }
        _writer.Wait();
        long[] peaks = PeakBytes();
        BringTogether();
        return new(state.Step, _ranks.Leads ? TrainingLog.Read(LogPath).Sum(row => (long)row.Samples) : 0, state.Skipped, peaks);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimiser?.Dispose();
        _tuned.RemoveAdapters();
    }

    private IOptimiser NewOptimiser(IReadOnlyList<Parameter> own)
    {
        bool offload = IsOnGpu && options.Offload != FineTuneOptions.OffloadNone;
        return options.IsLean
            ? new LeanAdamW(own, seed, options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay, offload)
            : new AdamW(own, options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay, offload);
    }

    private IObjective Objective(InTurn calls)
    {
        if (window is not null) return new WindowFit(model, parent!, window) { Brought = BroughtOfParent(calls) };
        var distillation = parent is not null && options.LearnsFromParent
            ? new Distillation(parent, options.Distill, options.DistillTemperature, Anchors) { Brought = BroughtOfParent(calls) } : null;
        return new LossGradient(model, options.Recompute, distillation: distillation) { Brought = Brought(calls), KeptBytes = KeptBytes() };
    }

    private BroughtLayers? Brought(InTurn calls) => layerOwners is not null ? new SharedLayers(model, layerOwners, _ranks.Collective, calls)
        : _offloaded.Count > 0 ? new OffloadedLayers(model, _offloaded, calls) : null;

    private OffloadedLayers? BroughtOfParent(InTurn calls) => options.Offload != FineTuneOptions.OffloadAll ? null
        : new(parent!, OffloadedLayers.Of(options, [], parent!.Layers.Count), calls);

    private bool IsOnGpu => model.Device.type != DeviceType.CPU;

    /// <summary>What to set where all layers have to be here; null where they are.</summary>
    private string? LayersElsewhere => layerOwners is not null ? $"finetune.shard={FineTuneOptions.Unshared}"
        : _offloaded.Count > 0 ? $"finetune.offload={FineTuneOptions.OffloadNone}" : null;

    /// <summary>
    /// Bytes of activations to keep beside what is needed: half of what is free. Graphs would keep weights that are brought for a moment.
    /// </summary>
    private long KeptBytes()
    {
        if (options.KeepActivations == FineTuneOptions.KeepNone || LayersElsewhere is not null) return 0;
        var needed = Memory;
        long free = model.Device.type == DeviceType.CPU ? HostMemory.Read().Available / _ranks.Launch.LocalCount - needed.Total
            : (GpuMemory.Free(model.Device) ?? 0) - needed.Masters - needed.Activations;   // the weights are there
        return Math.Max(0, free / 2);
    }

    /// <summary>Where the tuning stands, the same on all ranks.</summary>
    private TrainingState Begin(int total, int sampleCount)
    {
        if (_ranks.Leads) Directory.CreateDirectory(folder);
        var state = TrainingState.Load(StatePath, key, new(total, options.Epochs, sampleCount, []), StateTensors, _ranks.Collective);
        _optimiser!.SetSteps(state.Step);
        if (state.Step > 0) _shares!.Publish();
        if (_ranks.Leads)
        {
            TrainingLog.Truncate(LogPath, state.Step);
            if (TrainingLog.Read(LogPath) is var rows && rows.Count != state.Step)
            {
                throw new InputException($"{LogPath} has {rows.Count} steps and {StatePath} goes on after {state.Step}: "
                    + $"delete the folder {folder} to begin the tuning again.");
            }
            _events?.Follow(rows);
        }
        return state;
    }

    /// <summary>Whether ranks are called while they compute: the leader says it, because all begin their calls in the same order.</summary>
    private bool Overlaps()
    {
        bool wanted = _ranks.Leads && Overlap.IsWanted(Environment.GetEnvironmentVariable(Overlap.Variable),
            model.Device.type == DeviceType.CPU, _ranks.Launch.LocalCount, get_num_threads(), Environment.ProcessorCount);
        return _ranks.Collective.Broadcast([(byte)(wanted ? 1 : 0)])[0] == 1;
    }

    private IEnumerable<StateTensor> StateTensors => StateTensor.Of(_tuned.Parameters, _optimiser!, _shares!);

    /// <summary>Ends the tuning where that is asked for; where ranks hold shares of the state all end behind the same step.</summary>
    private void EndWhereAsked(CancellationToken cancellation)
    {
        bool asked = cancellation.IsCancellationRequested;
        if (_shares!.AreShared) asked = _ranks.Collective.Broadcast([(byte)(asked ? 1 : 0)])[0] == 1;
        if (asked) throw new OperationCanceledException(cancellation);
    }

    /// <summary>The most memory that each rank's process has had, for the leader.</summary>
    private long[] PeakBytes()
    {
        using var process = Process.GetCurrentProcess();
        return [.. _ranks.Collective.Gather(BitConverter.GetBytes(process.PeakWorkingSet64)).Select(bytes => BitConverter.ToInt64(bytes))];
    }

    /// <summary>The leader writes the model: it gets all masters, when nobody needs moments and gradients any more.</summary>
    private void BringTogether()
    {
        if (!_shares!.AreShared) return;
        _optimiser!.Dispose();
        _optimiser = null;
        _shares.Gather();
    }

    /// <summary>Whether a rank found samples of a step to be of no use; then all know of them, and the step is made anew.</summary>
    private bool Fails(TrainingStep step, Dictionary<long, string> failing)
    {
        var found = FailingSamples.Together(_ranks.Collective, step.Failing);
        foreach (var (index, reason) in found) failing[index] = reason;
        return found.Count > 0;
    }

    private void Save(TrainingState state)
    {
        if (!_ranks.Leads && !_shares!.AreShared) return;
        _writer.Wait();
        if (_ranks.Leads) Durable.FlushFile(LogPath);   // the log is never behind the state
        if (!SavesCopies)
        {
            state.Save(StatePath, key, identity, StateTensors, _ranks.Collective);
            FreedMemory.GiveBack();
            return;
        }
        Action write = state.Copy(StatePath, key, identity, StateTensors);
        _writer.Begin(() =>
        {
            write();
            FreedMemory.GiveBack();
        });
    }

    /// <summary>
    /// A GPU does not wait for the disk: the state is copied and written while the tuning goes on. On a CPU the copy would lie in the same
    /// memory, so only a small one is made. Of shares none is: the leader would hold a copy of all of them.
    /// </summary>
    private bool SavesCopies => !_shares!.AreShared
        && (model.Device.type != DeviceType.CPU || _tuned.Count * AdamW.SavedBytesPerWeight <= SmallState);

    private const long SmallState = 256 << 20;

    private BatchOptions Batches => options.Loss switch
    {
        "batch_mean" => new(options.SamplesPerStep, options.MicroBatchTokens),
        "micro_batch_mean" => new(options.SamplesPerStep, options.MicroBatchTokens, options.MicroBatchSamples),
        _ => throw new InputException($"finetune.loss is '{options.Loss}': choose batch_mean or micro_batch_mean."),
    };

    private bool TrainsAllText => options.TrainOn switch
    {
        "answers" or "assistant" or "assistant_strict" => false,
        "text" => true,
        _ => throw new InputException($"finetune.train_on is '{options.TrainOn}': choose answers, text, assistant or assistant_strict."),
    };

    /// <summary>What squared differences between states are multiplied by, for what a mean over tokens would multiply them by.</summary>
    private double StateScale(double ofTokens) => window is not null ? ofTokens / model.HiddenSize
        : Anchors.Count == 0 ? 0 : options.DistillHidden * ofTokens / (Anchors.Count * model.HiddenSize);

    /// <summary>The change of the weights that the gradients give.</summary>
    private TrainingLogRow Update(TrainingLogRow row, double rate)
    {
        using var part = Profile.Of("optimiser");
        double norm = _shares!.Norm(_optimiser!.GradientSquares());
        if (!double.IsFinite(norm))
        {
            var first = _tuned.Parameters.FirstOrDefault(p => p.Value.grad is { } gradient && !FiniteValues.In(gradient));
            throw new InputException($"The gradient is no longer a number at step {row.Step}{Of(first)}: {StepGradients.LowerTheRate}.");
        }
        _optimiser.Clip(norm, options.ClipNorm);
        _optimiser.Step(rate);
        _shares.Publish();
        return row with { LearningRate = rate, GradNorm = norm, MemoryBytes = Environment.WorkingSet };
    }

    private static string Of(Parameter? parameter) => parameter is null ? "" : $", first that of {parameter.Name}";

    /// <summary>Puts the loss of the held-back samples into the last row of the log, where it is not there yet.</summary>
    private void Validate(IObjective objective, Func<IEnumerable<LoadedSample>>? validation)
    {
        if (validation is null) return;
        var row = _ranks.Leads ? TrainingLog.Read(LogPath)[^1] : null;
        if (_ranks.Collective.Broadcast([(byte)(row?.ValidationLoss is null ? 1 : 0)])[0] == 0) return;
        double? loss = ValidationLoss(objective, validation());
        if (row is null) return;
        TrainingLog.Truncate(LogPath, row.Step);
        row = row with { ValidationLoss = loss };
        TrainingLog.Append(LogPath, row);
        if (loss is not null) _events?.AppendValidation(row);
    }

    private InputException NoNumber(Batch batch) => LayersElsewhere is null
        ? FiniteValues.Refusal("The validation loss is no number", model, batch)
        : new($"The validation loss is no number: {StepGradients.LowerTheRate}.");

    /// <summary>
    /// Mean cross-entropy of the held-back samples, on the tokens that are trained and in batches of the same number of tokens, or the mean
    /// squared difference where a layer is fitted; null where no sample could be used. Each rank has every n-th batch.
    /// </summary>
    private double? ValidationLoss(IObjective objective, IEnumerable<LoadedSample> samples)
    {
        double loss = 0, targets = 0;
        foreach (var round in Batcher.InOrder(samples, options.MicroBatchTokens).Chunk(_ranks.Count))
        {
            if (round.ElementAtOrDefault(_ranks.Rank) is not { } held)
            {
                objective.Follow(backward: false);
                continue;
            }
            using var batch = Batch.Pack([.. held.Select(s => s.Encoded)], model.Device, TrainsAllText);
            double sum = objective.Loss(batch);
            loss += double.IsFinite(sum) ? sum : throw NoNumber(batch);
            targets += objective.Terms(batch);
        }
        using Tensor sums = tensor([loss, targets], ScalarType.Float64);
        _ranks.Collective.Sum(sums);
        return sums[1].item<double>() == 0 ? null : sums[0].item<double>() / sums[1].item<double>();
    }
}
