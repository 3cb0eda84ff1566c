using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Pruning.Sparsity;

/// <summary>
/// The stage <c>sparsify</c>: model folder (and data) -> model folder in which part of the decoder's weights is zero, with
/// <c>sparsity.json</c> beside them. Layer by layer in constant memory: statistics of all samples, sparse weights, the layer once more with
/// them, whose outputs the next layer reads. Vision tower, embeddings, norms and head keep their bytes.
/// The folder appears whole or not at all; a stage that was ended begins anew.
/// </summary>
public static class SparsifyStage
{
    private const long RoomForRecords = 1 << 20;

    /// <summary>Checks method, pattern and model, before anything is computed. Data is opened by <see cref="Run"/>.</summary>
    /// <exception cref="InputException">They cannot be used together.</exception>
    public static void Check(string model, SparsityOptions options)
    {
        using var parent = Checkpoint.Open(model);
        Weights(parent, options);
    }

    /// <summary>Runs the stage. A target that holds the result of the same settings already is left as it is.</summary>
    /// <param name="model">The model folder, which is only read.</param>
    /// <param name="target">The new folder.</param>
    /// <param name="job">The work: data, its filters, the fraction and batches of the calibration, and the seed;
    /// it ends between steps and leaves nothing behind.</param>
    /// <param name="options">Method and pattern.</param>
    /// <param name="overwrite">Replace what stands at the target.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <exception cref="InputException">Model, data, method or pattern cannot be used, the place is taken,
    /// or the disk too full.</exception>
    public static SparsityFile Run(string model, string target, Job job, SparsityOptions options, bool overwrite = false,
        Func<string, long>? freeBytes = null)
    {
        using var part = Profile.Of("sparsify");
        var (experiment, cancellation) = (job.Experiment, job.Cancellation);
        using var parent = Checkpoint.Open(model);
        var (weights, pattern) = Weights(parent, options);
        OutputPlace.Check(target, [model, .. experiment.InputPaths()]);
        var data = options.Method == SparsityOptions.Wanda ? DrawnData.OpenCalibration(experiment) : null;
        var empty = new SparsityFile(SparsityFile.CurrentFormat, ProgramVersion.CreatedBy, options.Method, pattern.ToString(),
            data is null ? null : Settings(experiment, options, job.Compute), experiment.Seed,
            new(ModelIdentity.Of(parent, cancel: cancellation), data is null ? null : DataIdentity.Of(data.Source)), 0, 0,
            new Dictionary<string, long>(), 0, 0, [], SparsityFile.DenseMatrices);
        if (!overwrite && Finished(target, empty) is { } before)
        {
            StagedFolder.DiscardLeft(target);
            job.Say($"{target} is there already.");
            return before;
        }

        long copied = CheckpointCopy.LargestSize(parent) + RoomForRecords;
        using var folder = StagedFolder.Begin(target, copied, overwrite ? ModelRecords.AreIn : null, freeBytes);
        string states = Path.Combine(folder.FullPath, "states");
        Directory.CreateDirectory(states);
        using var loaded = data is null ? null : job.Open(model);
        if (loaded is null && Checkpoint.WarningOf(model) is { } warning) job.Say(warning);
        SkipCounts skipped = [];
        bool shared = loaded is not null && job.Ranks.Count > 1;
        if (shared) job.Call(Task, model, Content(options, states));
        var samples = loaded is null ? null : new LayerByLayer(loaded.Model, states, job.Progress, job.Ranks.Collective, cancellation);
        if (samples is not null)
            Embed(samples, data!, loaded!, experiment, options, skipped,
                bytes => FreeSpace.Check(folder.FullPath, copied + bytes, $"Making {target} sparse over these samples", freeBytes),
                cancellation);

        var copy = CheckpointCopy.Write(parent, folder.FullPath, job.Progress, cancellation);
        var layers = Prune(weights, samples, copy, job.Compute.Device, job.Progress, cancellation);
        if (shared) job.Ranks.Complete();
        Directory.Delete(states, recursive: true);
        var record = empty with
        {
            Samples = samples?.Samples ?? 0, Tokens = samples?.Tokens ?? 0, Skipped = skipped.ToDictionary(),
                Zeros = layers.Sum(layer => layer.Zeros), Parameters = layers.Sum(layer => layer.Parameters), Layers = layers,
        };
        File.WriteAllText(Path.Combine(folder.FullPath, SparsityFile.Name), record.ToJson());
        cancellation.ThrowIfCancellationRequested();
        parent.CheckUnchanged();
        folder.Commit();
        return record;
    }

    /// <summary>Name of the task of several ranks.</summary>
    internal const string Task = "sparsify";

    private static JsonObject Content(SparsityOptions options, string states) => new()
    {
        ["method"] = options.Method, ["pattern"] = options.Pattern, ["max_samples"] = options.MaxSamples,
        ["states"] = Path.GetFullPath(states),
    };

    /// <summary>A member's part: its share of the samples, kept beside the leader's, on their way through the same sparse layers.</summary>
    internal static void Join(LoadedModel loaded, Job job, JsonObject content)
    {
        var options = new SparsityOptions((string)content["method"]!, (string)content["pattern"]!, (int)content["max_samples"]!);
        string states = Path.Combine((string)content["states"]!, $"rank-{job.Ranks.Rank}");
        Directory.CreateDirectory(states);
        using var parent = Checkpoint.Open(loaded.Folder);
        var samples = new LayerByLayer(loaded.Model, states, null, job.Ranks.Collective);
        Embed(samples, DrawnData.OpenCalibration(job.Experiment), loaded, job.Experiment, options, [], _ => { }, CancellationToken.None);
        Prune(Weights(parent, options).Weights, samples, null, job.Compute.Device, null, CancellationToken.None);
    }

    private static (IReadOnlyList<IReadOnlyList<DecoderWeight>> Weights, SparsityPattern Pattern) Weights(Checkpoint model,
        SparsityOptions options)
    {
        if (!SparsityOptions.Methods.Contains(options.Method))
            throw new InputException($"The method is '{options.Method}', expected {string.Join(" or ", SparsityOptions.Methods)}.");
        if (options.MaxSamples < 1) throw new InputException($"{options.MaxSamples} samples cannot be measured: give 1 or more.");
        var pattern = SparsityPattern.Parse(options.Pattern);
        return (DecoderWeights.Of(model, pattern), pattern);
    }

    private static void Embed(LayerByLayer samples, DrawnData data, LoadedModel loaded, Experiment experiment, SparsityOptions options,
        SkipCounts skipped, Action<long> needRoom, CancellationToken cancellation)
    {
        var filter = data.FilterFor(loaded.Processor);
        var rows = data.Calibration(experiment, filter, options.MaxSamples);
        SkipCounts filtered = [];
        samples.Begin(data.Load(data.Read(rows, filtered, filter), loaded.Processor, skipped, 0,
            cancellation), skipped, experiment.Calibrate!.BatchTokens, rows.Count, needRoom, filtered);
        skipped.Merge(filtered);
    }

    private static LayerSparsity[] Prune(IReadOnlyList<IReadOnlyList<DecoderWeight>> weights, LayerByLayer? samples, CheckpointCopy? copy,
        Device device, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var layers = new LayerSparsity[weights.Count];
        for (int l = 0; l < layers.Length; l++)
        {
            foreach (var weight in weights[l]) weight.CheckNumbers(cancellation);
            using var scope = NewDisposeScope();
            using var norms = samples?.Measure(l);
            var sparse = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (var weight in weights[l])
            {
                Tensor dense = ParameterSources.Load(weight.File, weight.Entry, device);
                sparse[weight.Name] = SparseWeights.Prune(dense, norms?.Of(weight.Name, samples!.Samples), weight.Zeros, weight.Group);
                dense.Dispose();
                copy?.Replace(weight.Name, sparse[weight.Name], cancellation);
            }
            layers[l] = new(l, sparse.Values.Sum(SparseWeights.Zeros), sparse.Values.Sum(value => value.numel()));
            if (samples is null) progress?.Report(new("sparsify", l + 1, layers.Length, "layers"));
            else if (l < layers.Length - 1) samples.Advance(l, sparse);
        }
        return layers;
    }

    private static SparsitySettings Settings(Experiment experiment, SparsityOptions options, Compute compute)
    {
        var (data, calibrate) = (experiment.Data!, experiment.Calibrate!);
        return new(options.MaxSamples, data.Rate, calibrate.Fraction, data.MaxImages, data.MaxTurns, data.MaxTokens, data.MaxPixels,
            calibrate.BatchTokens, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName,
            DataPreparation.Of(experiment));
    }

    /// <summary>Whether a record is of the same method, pattern and settings, whatever the model and the data.</summary>
    internal static bool IsOfTheSame(SparsityFile record, Experiment experiment, SparsityOptions options, Compute compute) =>
        (record.Method, record.Pattern, record.Seed) == (options.Method, SparsityPattern.Parse(options.Pattern).ToString(), experiment.Seed)
        && record.Settings == (options.Method == SparsityOptions.Wanda ? Settings(experiment, options, compute) : null);

    /// <summary>The record of a folder that was made with the same settings, or null where there is nothing yet.</summary>
    private static SparsityFile? Finished(string target, SparsityFile expected)
    {
        if (!EmptyFolder.IsTaken(target)) return null;
        var found = SparsityFile.In(target);
        if (found is not null) SameModel.Require(found.Inputs.Model, expected.Inputs.Model, Path.Combine(target, SparsityFile.Name));
        string Key(SparsityFile file) =>
            Hashes.Of(file with { CreatedBy = "", Inputs = file.Inputs with { Model = expected.Inputs.Model }, Samples = 0, Tokens = 0,
            Skipped = expected.Skipped, Zeros = 0, Parameters = 0, Layers = [] }, ArtefactJson.Escaped<SparsityFile>());
        return found is not null && Key(found) == Key(expected) ? found
            : throw new InputException($"{target} is not empty and holds no model made sparse with these settings: "
                + "name another folder, or start over with --force.");
    }
}
