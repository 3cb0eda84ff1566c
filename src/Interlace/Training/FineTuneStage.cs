using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Files;
using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>
/// The stage <c>finetune</c>: pruned folder (its plan travels with it)
/// and data -> tuned folder. While it runs, its state, its log and the drawn samples lie in <c>TARGET.training</c>,
/// from which an interrupted run goes on; the target appears when all is done.
/// </summary>
public static class FineTuneStage
{
    /// <summary>Runs or resumes the stage.</summary>
    /// <param name="pruned">The folder to tune.</param>
    /// <param name="target">The new folder.</param>
    /// <param name="job">The work; it ends after a step, and the same call goes on from there.</param>
    /// <param name="overwrite">Replace what stands at the target.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <exception cref="InputException">The folder has no plan, the plan tunes nothing, the data is unusable, the disk too full,
    /// the place taken or in use, or the model to learn from not the one that was pruned.</exception>
    public static TrainingRecord Run(string pruned, string target, Job job, bool overwrite = false, Func<string, long>? freeBytes = null)
    {
        using var part = Profile.Of("finetune");
        var (experiment, compute, cancellation) = (job.Experiment, job.Compute, job.Cancellation);
        var (options, finetune) = (experiment.Data!, experiment.Finetune!);
        string planPath = Path.Combine(pruned, PlanFile.Name);
        UserFile.Check(planPath, $"{pruned} holds no {PlanFile.Name}: it says which layers are tuned; prune with a plan first.");
        string? parent = finetune.LearnsFromParent
            ? finetune.Parent ?? experiment.Model ?? throw new InputException("This tuning learns from the unpruned model: "
                + "name its folder with --parent.") : null;
        string work = WorkFolderOf(target);
        foreach (string output in new[] { target, work }) OutputPlace.Check(output, [pruned, parent, .. options.InputPaths()]);
        if (overwrite || !EmptyFolder.IsTaken(target)) StagedFolder.CheckPlace(target, overwrite ? ModelRecords.AreIn : null);
        using var held = WorkFolder.Open(work, WorkFiles, target);
        using var nothing = new EmptyAgain(held);
        var plan = PlanFile.Load(planPath);
        WindowFit.Check(experiment, plan);
        var data = DrawnData.Open(options, experiment.Seed);
        TrainingSamples.Check(data, finetune);
        var (training, validation) = data.Draw.HoldOutFraction(finetune.Validation);
        using var loaded = Open(pruned, plan, job);
        var samples = new TrainingSamples(data, finetune, loaded.Processor);
        foreach (string warning in loaded.Warnings) job.Say(warning);
        int[] layers = TrainedParameters.LayersOf(finetune.Train, plan.TuneNew, loaded.Model.Layers.Count);
        (ModelIdentity Model, int[] Layers)? ancestor = parent is null ? null : PrunedModelFile.Ancestor(pruned, parent);
        TrainingInputs inputs;
        using (var checkpoint = Checkpoint.Open(pruned)) inputs = new(ModelIdentity.Of(checkpoint, cancel: cancellation),
            DataIdentity.Of(data.Source), ancestor?.Model);
        var empty = Empty(experiment, compute, inputs, layers);
        string key = Hashes.Of(empty, ArtefactJson.Escaped<TrainingRecord>());

        if (!overwrite && Finished(target, empty) is { } before)
        {
            held.Clear();
            StagedFolder.DiscardLeft(target);
            job.Say($"{target} is there already.");
            return before;
        }
        if (!overwrite) CheckState(Path.Combine(work, FineTuner.StateName), key, inputs.Model);
        using var unpruned = OpenParent(parent, job);
        using var tuner = Tuner(loaded, unpruned, plan, ancestor?.Layers, job, work, key, inputs.Model);
        CheckSpace(pruned, work, (long)Math.Ceiling(tuner.Tuned.Count * SavedBytes(finetune)), data.Source.EstimateBytes(data.Draw.Rows),
            FineTuner.TotalSteps(finetune, training.Count), freeBytes);
        var filter = data.FilterFor(loaded.Processor) with { TakesTexts = finetune.TakesTexts };
        using var store = Store(data, training, filter, Path.Combine(work, SamplesName), key, job.Progress, cancellation);
        using var heldOut = validation.Count > 0
            ? Store(data, validation, filter, Path.Combine(work, ValidationName), key, job.Progress, cancellation) : null;
        if (store.Count == 0) throw store.Skipped.NoneLeft();
        job.Say($"Tuning {Named(tuner.Tuned)} ({tuner.Tuned.Parameters.Count} tensors, "
            + $"{tuner.Tuned.Count:N0} weights) on {store.Count:N0} samples; needs about {tuner.Memory}.");
        if (job.Ranks.Count > 1) job.Call(Task, pruned, Content(key, store, heldOut, work, parent));
        if (GpuMemory.Total(compute.Device) is { } bytes && tuner.TooLarge(bytes) is { } advice) job.Say(advice);
        var result = Tune(tuner, samples, store, heldOut, job);
        if (job.Ranks.Count > 1)
        {
            job.Ranks.Complete();
            job.Say($"Most memory of each rank: {string.Join(", ", result.PeakBytes.Select(bytes => $"{bytes / 1e6:0} MB"))}.");
        }

        string logPath = Path.Combine(work, TrainingLog.Name), recordPath = Path.Combine(work, TrainingRecord.Name);
        var rows = TrainingLog.Read(logPath);
        result.Skipped.Merge(store.Skipped);
        var record = empty with
        {
            TunedParameters = [.. tuner.Tuned.Changes.Keys], TunedWeights = tuner.Tuned.Count,
                TunedSha256 = tuner.Tuned.Sha256,
            Steps = result.Steps, Samples = result.Samples, Skipped = result.Skipped.ToDictionary(), FirstLoss = rows[0]
                .Loss, LastLoss = rows[^1].Loss,
        };
        record.Save(recordPath);
        loaded.Model.CheckUnchanged();
        var records = new Dictionary<string, string> { [TrainingLog.Name] = logPath, [TrainingRecord.Name] = recordPath };
        if (experiment.Finetune!.LogTo == FineTuneOptions.TensorBoard)
            records[TrainingEvents.Name] = Path.Combine(work, TrainingEvents.Name);
        TunedModel.Write(pruned, tuner.Tuned.Changes, target, records, overwrite, job.Progress, cancellation);
        held.Clear();
        return record;
    }

    /// <summary>Name of the task of several ranks.</summary>
    internal const string Task = "finetune";

    private static JsonObject Content(string key, SampleStore store, SampleStore? heldOut, string work, string? parent) => new()
    {
        ["key"] = key,
        ["samples"] = Path.Combine(work, SamplesName),
        ["validation"] = heldOut is { Count: > 0 } ? Path.Combine(work, ValidationName) : null,
        ["parent"] = parent is null ? null : Path.GetFullPath(parent),
    };

    /// <summary>A member's part: the same steps over the samples that the leader has drawn.</summary>
    internal static void Join(Job job, JsonObject content)
    {
        var (experiment, finetune) = (job.Experiment, job.Experiment.Finetune!);
        string key = (string)content["key"]!;
        string? parent = (string?)content["parent"];
        string pruned = (string)content["model"]!;
        var plan = PlanFile.Load(Path.Combine(pruned, PlanFile.Name));
        using var loaded = Open(pruned, plan, job);
        using var unpruned = OpenParent(parent, job);
        using var store = SampleStore.Open((string)content["samples"]!, key);
        using var heldOut = (string?)content["validation"] is { } path ? SampleStore.Open(path, key) : null;
        int[]? ancestor = parent is null ? null : PrunedModelFile.Ancestor(loaded.Folder, parent).Layers;
        using var tuner = Tuner(loaded, unpruned, plan, ancestor, job, "", key, identity: null);
        try
        {
            Tune(tuner, new(DrawnData.Elsewhere(experiment.Data!), finetune, loaded.Processor), store, heldOut, job);
        }
        catch (OperationCanceledException)
        {
            // The leader was told to end, and all have saved their shares: it ends this rank too.
        }
    }

    /// <summary>The tuner, as the leader and its members make it alike.</summary>
    private static FineTuner Tuner(LoadedModel loaded, LoadedModel? unpruned, PruningPlan plan, int[]? ancestor, Job job, string work,
        string key, ModelIdentity? identity)
    {
        var finetune = job.Experiment.Finetune!;
        int[] layers = TrainedParameters.LayersOf(finetune.Train, plan.TuneNew, loaded.Model.Layers.Count);
        var anchors = finetune.DistillHidden > 0 ? Anchor.Of(plan, layers, ancestor!) : [];
        var window = finetune.Objective == FineTuneOptions.WindowMse
            ? Window.Of(layers, ancestor!, unpruned!.Model.Layers.Count) : null;
        return new(loaded.Model, layers, finetune, work, key, unpruned?.Model, identity, anchors, window, job.Experiment.Seed, job.Ranks,
            SharedLayers.Owners(plan, finetune, job.Ranks.Count));
    }

    /// <summary>The pruned model, without frozen layers that other ranks hold, or that stay in the file.</summary>
    private static LoadedModel Open(string pruned, PruningPlan plan, Job job)
    {
        var options = job.Experiment.Finetune!;
        CheckPlaces(options, job.Ranks.Count);
        var owners = SharedLayers.Owners(plan, options, job.Ranks.Count);
        int[] trained = TrainedParameters.LayersOf(options.Train, plan.TuneNew, plan.Kept.Length);
        var offloaded = OffloadedLayers.Of(options, trained, plan.Kept.Length);
        bool IsElsewhere(int l) =>
            offloaded.Contains(l) || (owners?.ElementAtOrDefault(l) is { } owner && owner != job.Ranks.Rank);
        return LoadedModel.Open(pruned, job.Compute.Device, job.Compute.Type, IsElsewhere, MaxPixels(job), Within(job));
    }

    private static void CheckPlaces(FineTuneOptions options, int ranks)
    {
        if (ranks == 1 || options.Shard != FineTuneOptions.ShareAll || options.Offload != FineTuneOptions.OffloadAll) return;
        throw new InputException($"finetune.shard = {FineTuneOptions.ShareAll} gives frozen layers to ranks, and finetune.offload = "
            + $"{FineTuneOptions.OffloadAll} leaves them in the file: choose one of the two.");
    }

    /// <summary>The tuning itself: every epoch a shuffle of all samples by the seed, and the held-back ones in their order.</summary>
    private static TrainingResult Tune(FineTuner tuner, TrainingSamples samples, SampleStore store, SampleStore? heldOut, Job job)
    {
        var within = Within(job);
        return tuner.Run(store.Count,
            (epoch, next, skipped, outlines) =>
                samples.Load(store, SeededHash.Permutation(store.Count, job.Experiment.Seed, epoch), next, skipped, outlines, within),
            heldOut is not { Count: > 0 } ? null : () =>
                samples.Load(heldOut, [.. Enumerable.Range(0, heldOut.Count)], 0, [], null, within),
            job.Progress, job.Cancellation);
    }

    /// <summary>
    /// What ends a step before it is done: where ranks hold shares nothing does, because the state is saved by all of them together.
    /// </summary>
    private static CancellationToken Within(Job job) =>
        job.Ranks.Count > 1 && job.Experiment.Finetune!.Shard != FineTuneOptions.Unshared ? CancellationToken.None : job.Cancellation;

    private static LoadedModel? OpenParent(string? parent, Job job) =>
        parent is null ? null : LoadedModel.Open(parent, job.Compute.Device, job.Compute.Type,
            _ => job.Experiment.Finetune!.Offload == FineTuneOptions.OffloadAll, MaxPixels(job), Within(job));

    private static long? MaxPixels(Job job) => job.Experiment.Finetune!.MaxPixels ?? job.Experiment.Data!.MaxPixels;

    private static string Named(TrainedParameters trained)
    {
        string layers = $"{(trained.Adapted.Count > 0 ? "adapters of " : "")}layers {string.Join(", ", trained.Layers)}";
        return trained.Layers.Count == 0 ? "the projector" : layers + (trained.Projector ? " and the projector" : "");
    }

    /// <summary>Whether a record is of the same settings, whatever the model and the data.</summary>
    internal static bool IsOfTheSame(TrainingRecord record, Experiment experiment, Compute compute)
    {
        var expected = Empty(experiment, compute, record.Inputs, record.TunedLayers);
        return (record.Settings, record.Data, record.Device, record.Dtype, record.Seed) == (expected.Settings, expected.Data,
            expected.Device, expected.Dtype, expected.Seed);
    }

    /// <summary>
    /// The record of a run before it begins. When the state is saved does not decide what comes out,
    /// nor where it is logged to, what ranks share or keep or what lies where, where model and data lie or how many workers read it.
    /// </summary>
    private static TrainingRecord Empty(Experiment experiment, Compute compute, TrainingInputs inputs, int[] layers) =>
        new(TrainingRecord.CurrentFormat, ProgramVersion.CreatedBy,
        experiment.Finetune! with
        {
            SaveEvery = new FineTuneOptions().SaveEvery, Parent = null, LogTo = FineTuneOptions.LogAlone,
            Shard = FineTuneOptions.Unshared, KeepActivations = FineTuneOptions.KeepNone, Offload = FineTuneOptions.OffloadNone,
        },
        experiment.Data! with { Path = null, Images = null, Workers = 0 }, compute.Device.type.ToString().ToLowerInvariant(),
        compute.TypeName, experiment.Seed, inputs, layers, [], 0, "", 0, 0, new Dictionary<string, long>(), 0, 0);

    /// <summary>Deletes the work of a tuning that is finished: one that was killed between the two leaves it.</summary>
    /// <exception cref="InputException">Another process is at work there.</exception>
    public static void Discard(string target)
    {
        WorkFolder.Discard(WorkFolderOf(target), WorkFiles, target);
        StagedFolder.DiscardLeft(target);
    }

    private const string SamplesName = "samples.store";
    private const string ValidationName = "validation.store";

    private static readonly string[] WorkFiles = [FineTuner.StateName, TrainingLog.Name, TrainingEvents.Name, TrainingRecord.Name,
        SamplesName, ValidationName];

    private static string WorkFolderOf(string target) => RealPath.Of(target) + ".training";

    /// <summary>Work that was begun on another model is not begun anew unasked.</summary>
    private static void CheckState(string path, string key, ModelIdentity model)
    {
        if (!File.Exists(path)) return;
        using var file = SafeTensorsFile.Open(path);
        new SavedState(path, file.Metadata).BelongsTo(key, model);
    }

    /// <summary>Bytes of a state for each trained weight.</summary>
    private static double SavedBytes(FineTuneOptions options) =>
        options.IsLean ? LeanAdamW.SavedBytesPerWeight : AdamW.SavedBytesPerWeight;

    /// <summary>
    /// Before hours of work: room for the samples, for the state and the next one beside it, and for the log and the tuned folder,
    /// which holds it too.
    /// </summary>
    private static void CheckSpace(string pruned, string work, long stateBytes, long sampleBytes, long steps,
        Func<string, long>? freeBytes)
    {
        const int bytesPerStep = 512, recordBytes = 1 << 20;
        long held = Directory.Exists(work) ? new DirectoryInfo(work).EnumerateFiles().Sum(file => file.Length) : 0;
        long records = recordBytes + steps * bytesPerStep;
        FreeSpace.Check(work, TunedModel.Size(pruned, records) + records + 2 * stateBytes + sampleBytes - held,
            $"The tuning in {work}", freeBytes);
    }

    /// <summary>The record of a finished run with the same settings, or null where there is nothing yet.</summary>
    private static TrainingRecord? Finished(string target, TrainingRecord expected)
    {
        if (!EmptyFolder.IsTaken(target)) return null;
        string path = Path.Combine(target, TrainingRecord.Name);
        var found = File.Exists(path) ? TrainingRecord.Load(path) : null;
        if (found is not null) SameModel.Require(found.Inputs.Model, expected.Inputs.Model, path);
        string Settings(TrainingRecord record) => Hashes.Of(expected with
        {
            Settings = record.Settings, Data = record.Data, Device = record.Device, Dtype = record.Dtype, Seed = record.Seed,
                Inputs = record.Inputs with { Model = expected.Inputs.Model, Parent = null },
        }, ArtefactJson.Escaped<TrainingRecord>());
        return found is not null && Settings(found) == Settings(expected) ? found
            : throw new InputException($"{target} is not empty and holds no run with these settings: "
                + "name another folder, or start over with --force.");
    }

    private static SampleStore Store(DrawnData data, IReadOnlyList<RowReference> rows, RowFilter filter, string path, string key,
        IProgress<StageProgress>? progress, CancellationToken cancellation) =>
        SampleStore.OpenOrWrite(path, key, data.Source.EstimateBytes(rows),
        skipped => Watched(data.Read(rows, skipped, filter), rows.Count, progress, cancellation));

    private static IEnumerable<Sample> Watched(IEnumerable<Sample> samples, int total, IProgress<StageProgress>? progress,
        CancellationToken cancellation)
    {
        int read = 0;
        foreach (var sample in samples)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new("draw", ++read, total, "samples"));
            yield return sample;
        }
    }

    /// <summary>Deletes the work folder again where a run ends before its first save or step:
    /// what it holds then is soon made again.</summary>
    private sealed class EmptyAgain(WorkFolder work) : IDisposable
    {
        public void Dispose()
        {
            if (!File.Exists(Path.Combine(work.Path, FineTuner.StateName)) && !File.Exists(Path.Combine(work.Path, TrainingLog.Name)))
                work.Clear();
        }
    }
}
