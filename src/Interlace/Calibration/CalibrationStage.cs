using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Calibration;

/// <summary>The stage <c>calibrate</c>: model folder and data -> <c>similarity.json</c> and the sums per sample beside it (paper 3.2, A.3).</summary>
public static class CalibrationStage
{
    /// <summary>State of a calibration under way, beside its artefact.</summary>
    public const string StateName = "similarity.state.safetensors";

    /// <summary>Runs or resumes the stage.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="compute">Where and in which type it computes.</param>
    /// <param name="experiment">Settings.</param>
    /// <param name="folder">Where the artefacts go.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Ends after a batch; the same call goes on from there.</param>
    /// <exception cref="InputException">The data is absent or unusable.</exception>
    public static LayerSimilarity Run(LoadedModel loaded, Compute compute, Experiment experiment, string folder, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        experiment = experiment.Complete();
        var (options, calibrate) = (experiment.Data!, experiment.Calibrate!);
        var data = DrawnData.Open(options, experiment.Seed);
        var rows = data.Draw.Calibration(calibrate.Fraction);
        var settings = new CalibrationSettings(options.Rate, calibrate.Fraction, options.MaxImages, options.MaxTurns, options.MaxTokens, options.MaxPixels, calibrate.SkipFirstToken, calibrate.MaxWindow,
            calibrate.BatchTokens, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName);
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        var inputs = new CalibrationInputs(ModelIdentity.Of(checkpoint, cancel: cancellation), DataIdentity.Of(data.Source));
        var empty = new LayerSimilarity(LayerSimilarity.CurrentFormat, ProgramVersion.CreatedBy, settings, experiment.Seed, inputs, loaded.Model.Layers.Count, loaded.Model.VisualLevels, 0, new Dictionary<string, long>(), new Dictionary<string, long>(), []);
        Directory.CreateDirectory(folder);

        var calibrator = new Calibrator(loaded.Model, settings, Path.Combine(folder, StateName), Hashes.Of(empty, ArtefactJson.Default.LayerSimilarity));
        SkipCounts skipped = [], filtered = [];
        var sums = calibrator.Run((next, left) => data.Load(data.Source.Read(rows, filtered = [], data.Filter).Skip((int)next), loaded.Processor, left, next, cancellation), rows.Count, skipped, progress, cancellation);
        skipped.Merge(filtered);
        SampleSumsFile.Write(Path.Combine(folder, LayerSimilarity.SamplesName), sums, calibrator.Spans);
        var similarity = empty with
        {
            Samples = sums.Count,
            Tokens = LayerSimilarity.Classes.Index().ToDictionary(c => c.Item, c => sums.Sum(s => s.Counts[c.Index])),
            Skipped = skipped.ToDictionary(),
            Spans = LayerSimilarity.Aggregate(sums, calibrator.Spans),
        };
        similarity.Save(Path.Combine(folder, LayerSimilarity.Name));
        calibrator.Forget();
        return similarity;
    }
}
