using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Pruning.Bridging;

/// <summary>
/// The stage <c>prune --bridge</c>: <see cref="LayerRemoval"/>, and for every run of dropped layers a linear map that stands in for them,
/// in closed form and without gradients, after ReplaceMe (Shopkhoev et al., NeurIPS 2025, arXiv 2505.02819). The map is multiplied into the
/// last weights of the feed-forward before the run, so that the folder is one like any other. A run without a layer before it is not
/// bridged.
/// </summary>
public static class BridgeStage
{
    /// <summary>Runs the stage. The folder appears whole or not at all.</summary>
    /// <param name="model">The parent's folder, which is only read.</param>
    /// <param name="plan">The plan; where it names a model, it must be this one.</param>
    /// <param name="target">The new folder.</param>
    /// <param name="job">The work: data, its filters, the fraction and batches of the calibration, samples and ridge of
    /// <see cref="PruneOptions"/>, and the seed; it ends between passes and leaves nothing behind.</param>
    /// <param name="options">How to write.</param>
    /// <exception cref="InputException">As of <see cref="LayerRemoval.Prune(string, PruningPlan, string, LayerRemovalOptions?,
    /// IProgress{StageProgress}?, CancellationToken)"/>; or the data is absent or unusable, or the model's feed-forward takes up no bridge.
    /// </exception>
    public static PrunedModel Run(string model, PruningPlan plan, string target, Job job, LayerRemovalOptions? options = null)
    {
        using var part = Profile.Of("bridge");
        OutputPlace.Check(target, [model, .. job.Experiment.InputPaths()]);
        var settings = Settings(job.Experiment, job.Compute);
        DroppedRun[] runs = [.. DroppedRun.Of(plan)];
        bool any = runs.Any(run => run.Before >= 0);
        var data = any ? DrawnData.OpenCalibration(job.Experiment) : null;
        using var loaded = any ? job.Open(model) : null;
        if (loaded is not null) Check(loaded.Model, model);

        return LayerRemoval.Prune(model, plan, target, options, (folder, needed) =>
        {
            SayWhatStaysOpen(runs, job);
            return loaded is null
                ? new(new Dictionary<string, Tensor>(), new(settings, null, 0, 0, new Dictionary<string, long>(), []))
                : Make(loaded, data!, plan, folder, bytes => FreeSpace.Check(folder, needed + bytes, $"Bridging the layers of {target}",
                    options?.FreeBytes), settings, job);
        }, job.Progress, job.Cancellation);
    }

    /// <summary>Looks at a model whose dropped layers are bridged in memory alone; nothing of it is left behind.</summary>
    /// <param name="model">The parent's folder, which is only read.</param>
    /// <param name="plan">What is dropped.</param>
    /// <param name="work">A folder for the samples' states; what lies in it is deleted.</param>
    /// <param name="job">As of <see cref="Run"/>.</param>
    /// <param name="use">Given the model with all its layers, bridges in the weights of those that stay before a gap.</param>
    /// <returns>What that gives; null where the model takes up no bridge, or the plan leaves nothing to bridge.</returns>
    internal static double? Look(string model, PruningPlan plan, string work, Job job, Func<LoadedModel, double?> use)
    {
        if (!DroppedRun.Of(plan).Any(run => run.Before >= 0)) return null;
        using var loaded = LoadedModel.Open(model, job.Compute.Device, job.Compute.Type, job.Experiment.Data!.MaxPixels, job.Cancellation);
        if (!loaded.Model.AddsFeedForwardAsItIs) return null;
        var data = DrawnData.OpenCalibration(job.Experiment);
        try
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);   // of one that was killed
            Directory.CreateDirectory(work);
            using (Make(loaded, data, plan, work, bytes => FreeSpace.Check(work, bytes, "Bridging the layers of a plan", null),
                Settings(job.Experiment, job.Compute), job)) { }
            return use(loaded);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static void SayWhatStaysOpen(DroppedRun[] runs, Job job)
    {
        if (runs is [{ Before: < 0 } open, ..])
        {
            job.Say($"{(open.Layers.Length == 1 ? "Layer 0 is" : $"Layers 0 to {open.After - 1} are")} dropped and no layer stays before: "
                + "there is no feed-forward that could bridge that.");
        }
        if (!runs.Any(run => run.Before >= 0)) job.Say("The plan leaves nothing to bridge.");
    }

    /// <summary>Whether bridges were made with these settings.</summary>
    /// <param name="account">Of a model's record; null where it has none.</param>
    /// <param name="experiment">All settings.</param>
    /// <param name="compute">Where and in which type it computes.</param>
    internal static bool IsOfTheSame(BridgeAccount? account, Experiment experiment, Compute compute) =>
        account?.Settings == (experiment.Prune!.Bridge ? Settings(experiment, compute) : null);

    /// <summary>Makes sure that a matrix behind the feed-forward is one that its last weights can take up.</summary>
    /// <exception cref="InputException">It is not.</exception>
    internal static void Check(VisionLanguageModel model, string folder)
    {
        if (!model.AddsFeedForwardAsItIs)
        {
            throw new InputException($"{folder} cannot be bridged: what its feed-forward gives is normed before it is added, "
                + "or comes from experts, so its weights cannot take up a linear map behind it; prune without prune.bridge.");
        }
    }

    private static Bridges Make(LoadedModel loaded, DrawnData data, PruningPlan plan, string folder, Action<long> needRoom,
        BridgeSettings settings, Job job)
    {
        using var parent = Checkpoint.Open(loaded.Folder);
        foreach (var run in DroppedRun.Of(plan).Where(run => run.Before >= 0)) CheckType(parent, loaded.Model.Layers[run.Before]);
        string states = Path.Combine(folder, "states");
        Directory.CreateDirectory(states);
        var walk = new BridgeWalk(loaded.Model, parent, plan, states, job.Progress, job.Cancellation);
        var filter = data.FilterFor(loaded.Processor);
        var rows = data.Calibration(job.Experiment, filter, settings.MaxSamples);
        SkipCounts skipped = [], filtered = [];
        var samples = data.Load(data.Read(rows, filtered, filter), loaded.Processor, skipped, 0,
            job.Cancellation);
        walk.Begin(samples, skipped, settings.BatchTokens, rows.Count, needRoom, filtered);
        skipped.Merge(filtered);
        if (walk.Tokens < loaded.Model.HiddenSize)
        {
            job.Say($"{walk.Tokens} tokens are fewer than the {loaded.Model.HiddenSize} rows of a bridge: it will fit these samples alone; "
                + "raise prune.max_samples, calibrate.fraction or prune.ridge.");
        }
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        try
        {
            var layers = walk.Run(settings.Ridge, values);
            Directory.Delete(states, recursive: true);
            return new(values, new(settings, DataIdentity.Of(data.Source), walk.Samples, walk.Tokens, skipped.ToDictionary(), layers));
        }
        catch
        {
            foreach (Tensor value in values.Values) value.Dispose();
            throw;
        }
    }

    private static void CheckType(Checkpoint parent, IDecoderLayer layer)
    {
        string name = layer.FeedForwardOutput.Weight.Name;
        if (parent.Config.ContainsKey("quantization_config")
            || parent.Find(name).Entry.Type is not (ElementType.F16 or ElementType.BF16 or ElementType.F32 or ElementType.F64))
        {
            throw new InputException($"{parent.Folder} is quantised ({name}): "
                + "bridge the model that it was made from, and quantise the result.");
        }
    }

    /// <summary>What decides the bridges besides model, plan and data.</summary>
    internal static BridgeSettings Settings(Experiment experiment, Compute compute)
    {
        var (data, calibrate, prune) = (experiment.Data!, experiment.Calibrate!, experiment.Prune!);
        return new(prune.Ridge, prune.MaxSamples, data.Rate, calibrate.Fraction, data.MaxImages, data.MaxTurns, data.MaxTokens,
            data.MaxPixels, calibrate.BatchTokens, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName, experiment.Seed,
            DataPreparation.Of(experiment));
    }
}
