using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Interlace.Data;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Qwen3VL;

namespace Interlace.DemoModel.Training;

/// <summary>
/// Trains a model from nothing, all of it: first the vision tower together with the embeddings, then everything. Every scene depends on the seed and the number of its step alone, and the state is kept, so that an
/// interrupted training goes on and ends with the same bytes.
/// </summary>
public sealed class DemoTrainer : IDisposable
{
    /// <summary>The folder in a training's folder that holds everything of the model but its weights.</summary>
    public const string ModelName = "model";

    /// <summary>The state of the whole model's training: its weights are <c>weight.NAME</c>.</summary>
    public const string StateName = "whole.safetensors";

    private const string VisionStage = "vision", WholeStage = "whole", SettingsName = "settings.json";

    private readonly string _folder, _key;
    private readonly SceneSources _sources;
    private readonly TrainingSettings _settings;
    private readonly Compute _compute;
    private readonly Processor _processor;
    private readonly Model _model;
    private readonly Replicas _replicas;
    private readonly int _imageTokens;

    /// <summary>Begins or takes up a training.</summary>
    /// <param name="folder">Where its state, its logs and the model's small files are kept.</param>
    /// <param name="sources">Training part of the sources.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="compute">Where and in which type it computes.</param>
    /// <exception cref="InputException">The folder holds a training with other settings.</exception>
    public DemoTrainer(string folder, SceneSources sources, TrainingSettings settings, Compute compute)
    {
        (_folder, _sources, _settings, _compute) = (folder, sources, settings, compute);
        string record = JsonSerializer.Serialize(new { Settings = settings with { SaveEvery = 0 }, Sources = sources.Identity(), Device = compute.Device.type.ToString(), Type = compute.TypeName });
        _key = Hashes.Of(record);
        Claim(record);
        string model = Path.Combine(folder, ModelName);
        _processor = Processor.Load(model);
        _model = ModelFolder.Create(model, FreshParameters.Source(settings.Seed, settings.Shape.Layers, compute.Device), compute.Device, compute.Type);
        foreach (var parameter in _model.Parameters) parameter.Train();
        _imageTokens = Canvas.Side / _processor.Settings.Factor;
        int replicas = compute.Device.type == TorchSharp.DeviceType.CPU ? compute.Threads : 1;
        if (replicas > 1) TorchSharp.torch.set_num_threads(1);
        _replicas = new(_model, source => ModelFolder.Create(model, source, compute.Device, compute.Type), replicas);
    }

    /// <summary>Weights of the model.</summary>
    public long Count => _model.Parameters.Sum(p => p.Value.numel());

    /// <summary>The model's parameters, in its order.</summary>
    public IReadOnlyList<Parameter> Parameters => _model.Parameters;

    /// <summary>Runs or resumes both stages.</summary>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellation">Ends after a step; the state is kept.</param>
    /// <exception cref="InputException">The loss is no longer a number.</exception>
    public void Run(IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (!File.Exists(StatePath(WholeStage))) LearnToSee(progress, cancellation);
        LearnToTalk(progress, cancellation);
    }

    /// <summary>Mean loss of a stretch of the whole model's steps, by its log.</summary>
    public double MeanLoss(Range steps) => StepLog.Read(LogPath(WholeStage)).ToArray()[steps].Average(row => row.Loss);

    /// <inheritdoc/>
    public void Dispose() => _replicas.Dispose();

    private string StatePath(string stage) => Path.Combine(_folder, $"{stage}.safetensors");
    private string LogPath(string stage) => Path.Combine(_folder, $"{stage}.jsonl");

    /// <summary>Writes the small files once; a folder of another training is refused.</summary>
    private void Claim(string record)
    {
        string path = Path.Combine(_folder, SettingsName);
        if (File.Exists(path))
        {
            if (File.ReadAllText(path) != record) throw new InputException($"{_folder} holds a training with other settings or sources: name another folder, or start over with --force.");
            return;
        }
        ModelFolder.Write(Path.Combine(_folder, ModelName), _settings.Shape, _sources, _settings.Seed, _settings.TokenizerScenes);
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(record));
    }

    private void LearnToSee(IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var decoder = _model.Layers.SelectMany(layer => layer.Parameters).ToHashSet();
        Parameter[] parameters = [.. _model.Parameters.Where(p => !decoder.Contains(p))];
        using var optimiser = new AdamW(Groups(parameters), beta2: TrainingSettings.Beta2);
        TokenWords[] words = [.. _replicas.Models.Select(model => new TokenWords(model, _processor.Tokenizer, _imageTokens))];
        Loop(VisionStage, _settings.VisionSteps, parameters, optimiser, DrawScenes, (step, scenes) =>
        {
            int tokens = scenes.Length * _imageTokens * _imageTokens;
            Scene[][] parts = Parts(scenes);
            var seen = _replicas.Run(r => words[r].Accumulate(parts[r], 1.0 / tokens, _compute.Type, _compute.Device), parameters).Aggregate((a, b) => a + b);
            double norm = Clip(optimiser, step, seen.Loss), rate = _settings.RateAt(_settings.VisionRate, step, _settings.VisionSteps, 0.1);
            optimiser.Step(rate);
            return new(step, seen.Loss / tokens, seen.Named / Math.Max(1.0, seen.Marks), seen.Read / Math.Max(1.0, seen.Letters), rate, norm, 0, scenes.Length);
        }, progress, cancellation);
    }

    private void LearnToTalk(IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var vision = _model.Vision.Parameters.ToHashSet();
        Parameter[] rest = [.. _model.Parameters.Where(p => !vision.Contains(p))];
        using var optimiser = new AdamW([.. Groups(rest), .. Groups(_model.Vision.Parameters)], beta2: TrainingSettings.Beta2);
        LossGradient[] gradients = [.. _replicas.Models.Select(model => new LossGradient(model, recompute: false))];
        Loop(WholeStage, _settings.Steps, _model.Parameters, optimiser, DrawConversations, (step, drawn) =>
        {
            int answers = drawn.Sum(sample => Batch.CountTargets(sample));
            EncodedSample[][] parts = Parts(drawn);
            double loss = _replicas.Run(r => Accumulate(gradients[r], parts[r], 1.0 / answers), _model.Parameters).Sum() / answers;
            double norm = Clip(optimiser, step, loss), rate = _settings.RateAt(_settings.Rate, step, _settings.Steps, 0.01), slow = step < _settings.HoldVision ? 0 : rate * _settings.VisionShare;
            optimiser.Step([rate, rate, slow, slow]);
            return new(step, loss, null, null, rate, norm, answers, drawn.Length);
        }, progress, cancellation);
    }

    /// <summary>Adds the gradients of a replica's part.</summary>
    private double Accumulate(LossGradient gradient, EncodedSample[] samples, double scale)
    {
        double loss = 0;
        foreach (var micro in Batcher.ByTokens([.. samples.Select(sample => sample.Length)], _settings.MicroBatchTokens))
        {
            using var batch = Batch.Pack([.. micro.Select(i => samples[i])], _compute.Device);
            loss += gradient.Accumulate(batch, scale);
        }
        return loss;
    }

    /// <summary>A step's samples dealt out to the replicas.</summary>
    private T[][] Parts<T>(T[] all) => [.. Enumerable.Range(0, _replicas.Models.Count).Select(r => all.Where((_, i) => i % _replicas.Models.Count == r).ToArray())];

    /// <summary>Two groups: matrices, which decay, and the rest.</summary>
    private ParameterGroup[] Groups(params IReadOnlyList<Parameter>[] parts)
    {
        Parameter[] all = [.. parts.SelectMany(p => p)];
        return [new([.. all.Where(p => p.Value.shape.Length > 1)], _settings.WeightDecay), new([.. all.Where(p => p.Value.shape.Length == 1)])];
    }

    private double Clip(AdamW optimiser, int step, double loss)
    {
        double norm = optimiser.GradientNorm();
        if (!double.IsFinite(loss) || !double.IsFinite(norm)) throw new InputException($"The loss is no longer a number at step {step}: lower the rate, or compute in fp32.");
        optimiser.Clip(norm, _settings.ClipNorm);
        return norm;
    }

    private Scene[] DrawScenes(int step) => [.. Enumerable.Range(0, _settings.VisionScenes).AsParallel().AsOrdered().Select(i => SceneFamilies.Draw(Chance.Of("seeing", _settings.Seed, (long)step * _settings.VisionScenes + i), _sources))];

    private EncodedSample[] DrawConversations(int step)
    {
        var lesson = Lesson.At((double)step / _settings.Steps);
        return [.. Enumerable.Range(0, _settings.Scenes).AsParallel().AsOrdered().Select(i =>
        {
            var chance = Chance.Of("talking", _settings.Seed, (long)step * _settings.Scenes + i);
            Scene scene = SceneFamilies.Draw(chance, _sources);
            return _processor.Encode(Turns.Messages(Turns.Of(scene, chance, lesson, most: 5)), [scene.Image]);
        })];
    }

    /// <summary>Steps from where the state stands; the scenes of a step are drawn while the one before it is computed. A row comes with the number of its scenes in place of their speed.</summary>
    private void Loop<T>(string stage, int steps, IReadOnlyList<Parameter> parameters, AdamW optimiser, Func<int, T> draw, Func<int, T, StepRow> run, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var state = TrainingState.Load(StatePath(stage), _key, parameters, optimiser);
        StepLog.KeepBefore(LogPath(stage), state.Step);
        Task<T> next = Task.Run(() => draw(state.Step), CancellationToken.None);
        var clock = Stopwatch.StartNew();
        for (int step = state.Step; step < steps; step++)
        {
            T drawn = next.GetAwaiter().GetResult();
            int following = step + 1;
            if (following < steps) next = Task.Run(() => draw(following), CancellationToken.None);
            StepRow row = run(step, drawn);
            row = row with { ScenesPerSecond = row.ScenesPerSecond / clock.Elapsed.TotalSeconds };
            clock.Restart();
            StepLog.Append(LogPath(stage), row);
            progress?.Report(new(stage, following, steps, "steps", $"loss {row.Loss:0.000}{(row.Named is { } named ? $", named {named:0.00}, read {row.Read:0.00}" : "")}, {row.ScenesPerSecond:0} scenes/s"));
            if (following % _settings.SaveEvery == 0 || following == steps || cancellation.IsCancellationRequested) (state with { Step = following }).Save(StatePath(stage), _key, parameters, optimiser);
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
