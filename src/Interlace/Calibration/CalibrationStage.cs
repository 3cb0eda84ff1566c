using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>
/// The stage <c>calibrate</c>: model folder and data -> <c>similarity.json</c> and the sums per sample beside it (paper 3.2, A.3).
/// </summary>
public static class CalibrationStage
{
    /// <summary>State of a calibration under way, beside its artefact.</summary>
    public const string StateName = "similarity.state.safetensors";

    /// <summary>Runs or resumes the stage, which may end before its data does.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="job">The work; it ends after a batch, and the same call goes on from there.</param>
    /// <param name="folder">Where the artefacts go.</param>
    /// <param name="enough">
    /// Whether the samples so far are enough, asked each time they have grown by a quarter; null to use them all.
    /// </param>
    /// <exception cref="InputException">The data is absent or unusable.</exception>
    public static LayerSimilarity Run(LoadedModel loaded, Job job, string folder, Func<IReadOnlyList<SampleSums>, bool>? enough = null)
    {
        using var part = Profile.Of("calibrate");
        var (experiment, cancellation) = (job.Experiment, job.Cancellation);
        bool adaptive = enough is not null;
        var work = new CalibrationWork(loaded, job, adaptive);
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        var inputs = new CalibrationInputs(ModelIdentity.Of(checkpoint, cancel: cancellation), DataIdentity.Of(work.Data.Source));
        var empty = new LayerSimilarity(LayerSimilarity.CurrentFormat, ProgramVersion.CreatedBy, work.Settings, experiment.Seed, inputs,
            loaded.Model.Layers.Count, loaded.Model.AddedLevels, 0, new Dictionary<string, long>(), new Dictionary<string, long>(), []);
        Directory.CreateDirectory(folder);

        var calibrator = new Calibrator(loaded.Model, work.Settings, Path.Combine(folder, StateName),
            Hashes.Of(empty, ArtefactJson.Escaped<LayerSimilarity>()), enough is null ? null : new(work.BlockOf!, enough), inputs.Model)
        {
            Filtered = () => work.FilteredUpTo(null),
        };
        SkipCounts skipped = [];
        var sums = job.Ranks.Count > 1
            ? calibrator.Measure((next, left) => DealtCalibration.Lead(work, job, adaptive, next, left), work.Rows, skipped, job.Progress,
                cancellation)
            : calibrator.Run((next, left) => work.Load(next, left), work.Rows, skipped, job.Progress, cancellation);
        skipped.Merge(work.FilteredUpTo(calibrator.StoppedAfter));
        loaded.Model.CheckUnchanged();
        SampleSumsFile.Write(Path.Combine(folder, LayerSimilarity.SamplesName), sums, calibrator.Spans,
            !adaptive ? null : new Dictionary<string, string> { [SampleSumsFile.Checks] = string.Join(',',
                calibrator.Checks), [SampleSumsFile.Drawn] = $"{work.Rows}" });
        var similarity = empty with
        {
            Samples = sums.Count,
            Tokens = LayerSimilarity.Classes.Index().ToDictionary(c => c.Item, c => sums.Sum(s => s.Counts[c.Index])),
            Skipped = skipped.ToDictionary(),
            Spans = LayerSimilarity.Aggregate(sums, calibrator.Spans),
            Sinks = SinkProfile.Of(sums),
        };
        similarity.Save(Path.Combine(folder, LayerSimilarity.Name));
        calibrator.DiscardState();
        return similarity;
    }

    /// <summary>A calibration that is finished.</summary>
    /// <param name="loaded">The model at hand.</param>
    /// <param name="folder">Where the artefact lies.</param>
    /// <exception cref="InputException">The artefact is absent or wrong, or was measured before the model changed.</exception>
    public static LayerSimilarity Finished(LoadedModel loaded, string folder)
    {
        string path = Path.Combine(folder, LayerSimilarity.Name);
        var found = LayerSimilarity.Load(path);
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        SameModel.Require(found.Inputs.Model, ModelIdentity.Of(checkpoint), path);
        return found;
    }

    /// <summary>What decides the numbers besides model and data.</summary>
    internal static CalibrationSettings Settings(Experiment experiment, Compute compute, bool adaptive)
    {
        var (options, calibrate) = (experiment.Data!, experiment.Calibrate!);
        return new(options.Rate, calibrate.Fraction, options.MaxImages, options.MaxTurns, options.MaxTokens, options.MaxPixels,
            calibrate.SkipFirstToken, calibrate.MaxWindow,
            calibrate.BatchTokens, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName, adaptive
            ? new(calibrate.AdaptiveConfidence, experiment.Plan!) : null,
            calibrate.Pairs, calibrate.States, calibrate.Messages, calibrate.Cosines,
            DataPreparation.Of(experiment));
    }
}
