using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Jobs;
using Interlace.Ranks;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.DemoModel.Training;

/// <summary>
/// Trains a model from nothing, all of it: first the vision tower together with the embeddings, then the whole model, in which the tower stands still: the first gradients of a new decoder would spoil it, and a step without its graph is a third shorter. Every scene depends on the seed and the number of its step alone, and the state is kept, so that an
/// interrupted training goes on and ends with the same bytes.
/// </summary>
public sealed class DemoTrainer
{
    /// <summary>The folder in a training's folder that holds everything of the model but its weights.</summary>
    public const string ModelName = "model";

    private const string VisionStage = "vision", WholeStage = "whole", SettingsName = "settings.json";
    private const int MostDrawn = 3;   // times the scenes of a step

    private readonly string _folder, _key;
    private readonly SceneSources _sources;
    private readonly TrainingSettings _settings;
    private readonly Compute _compute;
    private readonly Processor _processor;
    private readonly int _imageTokens, _replicaCount;

    /// <summary>Begins or takes up a training.</summary>
    /// <param name="folder">Where its state, its logs and the model's small files are kept.</param>
    /// <param name="sources">Training part of the sources.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="compute">Where and in which type it computes.</param>
    /// <exception cref="InputException">The folder holds a training with other settings.</exception>
    public DemoTrainer(string folder, SceneSources sources, TrainingSettings settings, Compute compute)
    {
        (_folder, _sources, _settings, _compute) = (folder, sources, settings, compute);
        string record = JsonSerializer.Serialize(new { Settings = settings with { SaveEvery = 0, ProbeEvery = 0 }, Sources = sources.Identity(), Device = compute.Device.type.ToString(), Type = compute.TypeName });
        _key = Hashes.Of(record);
        Claim(record);
        _processor = ModelFolder.ProcessorOf(Path.Combine(folder, ModelName));
        _imageTokens = Canvas.Side / GridImageSettings.Load(Path.Combine(folder, ModelName)).Factor;
        _replicaCount = compute.Device.type == TorchSharp.DeviceType.CPU ? compute.Threads : 1;
        if (_replicaCount > 1) TorchSharp.torch.set_num_threads(1);
    }

    /// <summary>The log of the probes in a training's folder.</summary>
    public const string ProbesName = "probes.jsonl";

    /// <summary>The state of the whole model in a training's folder: its weights are <c>weight.NAME</c>.</summary>
    public const string StateName = WholeStage + ".safetensors";

    /// <summary>Runs or resumes all stages.</summary>
    /// <param name="progress">ImmediateProgress after each step.</param>
    /// <param name="cancellation">Ends after a step; the state is kept.</param>
    /// <exception cref="InputException">The loss is no longer a number.</exception>
    public void Run(IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (!File.Exists(StatePath(WholeStage))) LearnToSee(progress, cancellation);
        LearnToTalk(progress, cancellation);
    }

    /// <summary>Mean loss of a stretch of the steps of the whole model, by their log.</summary>
    public double MeanLoss(Range steps) => StepLog.Read(LogPath(WholeStage)).ToArray()[steps].Average(row => row.Loss);

    private string StatePath(string stage) => Path.Combine(_folder, $"{stage}.safetensors");
    private string LogPath(string stage) => Path.Combine(_folder, $"{stage}.jsonl");

    private ParameterSource Fresh => FreshParameters.Source(_settings.Seed, _settings.Shape, _compute.Device);

    /// <summary>The whole model as its state has it, or a new decoder behind the tower.</summary>
    private Replicas OpenWhole()
    {
        bool begun = File.Exists(StatePath(WholeStage));
        using var saved = SafeTensorsFile.Open(StatePath(begun ? WholeStage : VisionStage));
        return Open(begun ? TrainedWeights.All(saved) : TrainedWeights.WithNewDecoder(saved, Fresh), towerStandsStill: true);
    }

    private Replicas Open(ParameterSource source, bool towerStandsStill)
    {
        string folder = Path.Combine(_folder, ModelName);
        VisionLanguageModel Create(ParameterSource parameters) => ModelFolder.Create(folder, parameters, _compute.Device, _compute.Type);
        VisionLanguageModel model = Create(source);
        foreach (var parameter in model.Parameters.Except(towerStandsStill ? model.Vision!.Parameters : [])) parameter.Train();
        return new(model, Create, _replicaCount);
    }

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
        using var models = Open(Fresh, towerStandsStill: false);
        var decoder = models.First.Layers.SelectMany(layer => layer.Parameters).ToHashSet();
        Parameter[] parameters = [.. models.First.Parameters.Where(p => !decoder.Contains(p) && p.Name != TrainedWeights.Embeddings)];
        using var optimiser = new AdamW(Groups(parameters), beta2: TrainingSettings.Beta2);
        TokenWords[] words = [.. models.All.Select(model => new TokenWords(model, _processor.Tokenizer, _imageTokens))];
        Loop(VisionStage, _settings.VisionSteps, parameters, optimiser, DrawScenes, (step, scenes) =>
        {
            int tokens = scenes.Length * _imageTokens * _imageTokens;
            Scene[][] parts = Parts(scenes);
            var seen = models.Run(r => words[r].Accumulate(parts[r], 1.0 / tokens, _compute.Type, _compute.Device), parameters).Aggregate((a, b) => a + b);
            double norm = Clip(optimiser, step, seen.Loss), rate = _settings.RateAt(_settings.VisionRate, step, _settings.VisionSteps, 0.1);
            optimiser.Step(rate);
            return new(step, seen.Loss / tokens, rate, norm, 0, scenes.Length, seen.Named);
        }, progress, cancellation);
    }

    private void LearnToTalk(IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        using var models = OpenWhole();
        VisionLanguageModel first = models.First;
        Parameter[] trained = [.. first.Parameters.Where(p => p.IsTrainable)], embeddings = [.. trained.Where(p => p.Name == TrainedWeights.Embeddings)];
        using var optimiser = new AdamW([.. Groups([.. trained.Except(embeddings)]), .. Groups(embeddings)], beta2: TrainingSettings.Beta2);
        LossGradient[] gradients = [.. models.All.Select(model => new LossGradient(model, recompute: false))];
        var probes = new Probes(_sources, _processor, _settings.Seed);
        Loop(WholeStage, _settings.Steps, first.Parameters, optimiser, DrawConversations, (step, drawn) =>
        {
            if (step % _settings.ProbeEvery == 0) probes.Ask(Path.Combine(_folder, ProbesName), step, gradients[0], _compute.Device);
            int targets = drawn.Sum(sample => Batch.CountTargets(sample));
            EncodedSample[][] parts = Parts(drawn);
            double loss = models.Run(r => Accumulate(gradients[r], parts[r], 1.0 / targets), trained).Sum() / targets;
            double norm = Clip(optimiser, step, loss), rate = _settings.RateAt(_settings.Rate, step, _settings.Steps, 0.01), slow = rate * _settings.EmbeddingShare;
            optimiser.Step([rate, rate, slow, slow]);
            return new(step, loss, rate, norm, targets, drawn.Length);
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
    private T[][] Parts<T>(T[] all) => [.. Enumerable.Range(0, _replicaCount).Select(r => all.Where((_, i) => i % _replicaCount == r).ToArray())];

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

    private Scene[] DrawScenes(int step) => [.. Enumerable.Range(0, _settings.VisionScenes).AsParallel().AsOrdered().Select(i => SceneFamilies.DrawToSee(Chance.Of("seeing", _settings.Seed, (long)step * _settings.VisionScenes + i), _sources))];

    private EncodedSample[] DrawConversations(int step)
    {
        var lesson = Lesson.At((double)step / _settings.Steps);
        int scenes = _settings.Scenes * (Lesson.MostTurns + 1) / (lesson.Turns + 1);   // an image and what stands before its first question are about as long as a turn
        return [.. Enumerable.Range(0, scenes).AsParallel().AsOrdered().Select(i =>
        {
            var chance = Chance.Of("talking", _settings.Seed, (long)step * MostDrawn * _settings.Scenes + i);
            Scene scene = SceneFamilies.Draw(chance, _sources);
            return _processor.Encode(Turns.Messages(Turns.Of(scene, chance, lesson)), [scene.Image]);
        })];
    }

    /// <summary>Steps from where the state stands; the scenes of a step are drawn while the one before it is computed. A row comes with the number of its scenes in place of their speed.</summary>
    private void Loop<T>(string stage, int steps, IReadOnlyList<Parameter> parameters, AdamW optimiser, Func<int, T> draw, Func<int, T, StepRow> run, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var (tensors, alone) = (StateTensor.Of(parameters, optimiser), new OneProcess());
        var state = TrainingState.Load(StatePath(stage), _key, new(steps, 0, 0, []), tensors, alone);
        optimiser.SetSteps(state.Step);
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
            progress?.Report(new(stage, following, steps, "steps", $"loss {row.Loss:0.000}{(row.Named is { } named ? $", named {named.Values.Average():0.00}" : "")}, {row.ScenesPerSecond:0} scenes/s"));
            if (following % _settings.SaveEvery == 0 || following == steps || cancellation.IsCancellationRequested)
                (state with { Step = following }).Save(StatePath(stage), _key, null, tensors, alone);
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
