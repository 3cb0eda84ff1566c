using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Runs;

/// <summary>
/// Looks at everything that an experiment names before its first stage begins, so that a wrong path or an impossible ratio is said at once
/// and not after hours of calibration.
/// </summary>
public static class Preflight
{
    /// <summary>Checks an experiment.</summary>
    /// <param name="experiment">All settings.</param>
    /// <param name="run">
    /// A run folder that is gone on with: what only finished stages needed is not asked for again. Null for a new run.
    /// </param>
    /// <exception cref="InputException">Model, data, plan or tables cannot be used.</exception>
    public static void Check(Experiment experiment, string? run = null)
    {
        experiment = experiment.Complete();
        bool Done(params string[] parts) => run is not null && Path.Exists(Path.Combine([run, .. parts]));
        string model = experiment.Model ?? throw new InputException("The experiment names no model: give its folder.");
        AdaptiveCalibration.Check(experiment);
        bool tunes = Done(PlanFile.Name) && !PlanFile.Load(Path.Combine(run!, PlanFile.Name)).Tune.IsEmpty;
        if (!Done(PlanFile.Name))
        {
            foreach (var (options, layers) in Rounds.Of(experiment.Plan!, LayerCount(model), experiment.Prune!.Bridge))
                if (Plan(experiment with { Plan = options }, layers) is { Tune.IsEmpty: false } plan)
                {
                    WindowFit.Check(experiment, plan);
                    tunes = true;
                }
        }
        if (!Done(LayerSimilarity.Name)) DrawnData.OpenCalibration(experiment);
        if (!Done(LayerSimilarity.Name) || !Done(RunFolder.Tuned))
        {
            var data = DrawnData.Open(experiment.Data!, experiment.Seed);
            FineTuneOptions[] tunings = experiment.Variants is not null ? [.. Matrix.Tunings(experiment)]
                : tunes && !Done(RunFolder.Tuned) ? [experiment.Finetune!] : [];
            foreach (var tuning in tunings) TrainingSamples.Check(data, tuning);
        }
        if (!Done(RunFolder.Report)) LikelihoodStage.Open(experiment.Evaluate!);
        if (experiment.Evaluate!.Benchmarks is { } tables && !Done(RunFolder.Report))
            Tables(tables, experiment.Evaluate, ReadsImages(model));
    }

    /// <summary>
    /// The plan of the experiment for similarities and other evidence that are all the same: it has as many
    /// dropped and tuned layers as the real one.
    /// </summary>
    /// <param name="experiment">All settings.</param>
    /// <param name="layers">Decoder layers there are; those of the model where absent.</param>
    /// <exception cref="InputException">The model cannot be opened, or there is no such plan.</exception>
    public static PruningPlan Plan(Experiment experiment, int? layers = null)
    {
        experiment = experiment.Complete();
        using var checkpoint = Checkpoint.Open(experiment.Model!);
        var identity = new ModelIdentity("", "", new Dictionary<string, long>());   // which weights they are does not matter
        var summary = ModelSummary.Of(checkpoint);
        summary = summary with { LayerCount = layers ?? summary.LayerCount };
        int guarded = experiment.Plan!.Protect ? summary.AddedLevels : 0;
        var evidence = EvidenceFiles.Even(identity, summary.LayerCount, guarded,
            EvidenceStage.Rounds(experiment, summary.LayerCount, summary.AddedLevels));
        // All similarities being equal, the two weightings are too.
        var options = experiment.Plan with { Weighting = new PlanOptions().Weighting };
        return PlanStage.Run(Even(summary, identity, experiment), options, experiment.Seed, evidence);
    }

    /// <summary>The experiment with what the method <c>best</c> needs measured: windows as long as its methods look at.</summary>
    internal static Experiment Widened(Experiment experiment)
    {
        if (experiment.Plan is not { Method: BestOf.Name } plan || experiment.Model is null) return experiment;
        var calibrate = experiment.Complete().Calibrate!;
        return experiment with { Calibrate = calibrate with { MaxWindow = Math.Max(calibrate.MaxWindow, LongestWindow([plan],
            LayerCount(experiment.Model))) } };
    }

    /// <summary>Layers of the longest window that the methods of some plans look at; 0 where none does.</summary>
    internal static int LongestWindow(IEnumerable<PlanOptions> plans, int layers)
    {
        const EvidenceNeeds windows = EvidenceNeeds.WindowAngle | EvidenceNeeds.WindowSimilarity;
        bool Looks(string name) => Methods.Table.TryGetValue(name, out var method) && (method.Needs & windows) != 0;
        return Math.Min(layers, plans.Where(plan => EvidenceFiles.MethodsOf(plan).Any(Looks))
            .Select(plan => DropCount.For(plan.Ratio, layers) + 1).DefaultIfEmpty(0).Max());
    }

    private static void Tables(string folder, EvaluationOptions options, bool readsImages)
    {
        foreach (var (benchmark, path) in Benchmarks.In(folder, options.Only))
        {
            using var table = BenchmarkTable.Open(path);
            UsableRows.Check(benchmark, table, AskingSettings.Of(options, benchmark).RowsOf(table), readsImages);
        }
    }

    /// <summary>Decoder layers of a model folder.</summary>
    internal static int LayerCount(string model)
    {
        using var checkpoint = Checkpoint.Open(model);
        return ModelSummary.Of(checkpoint).LayerCount;
    }

    private static bool ReadsImages(string model)
    {
        using var checkpoint = Checkpoint.Open(model);
        return ModelSummary.Of(checkpoint).ReadsImages;
    }

    /// <summary>
    /// Similarities that are all the same: whether there is a plan depends on the number of layers, and on
    /// what is measured, but not on the values.
    /// </summary>
    private static LayerSimilarity Even(ModelSummary model, ModelIdentity identity, Experiment experiment)
    {
        var (data, calibrate) = (experiment.Data!, experiment.Calibrate!);
        var settings = new CalibrationSettings(data.Rate, calibrate.Fraction, data.MaxImages, data.MaxTurns, data.MaxTokens, data.MaxPixels,
            calibrate.SkipFirstToken, calibrate.MaxWindow, calibrate.BatchTokens, experiment.Device, experiment.Dtype);
        IReadOnlyList<int> spans = Calibrator.SpansOf(model.LayerCount, calibrate.MaxWindow);
        long[] one = [1, 1, 1];
        return new(LayerSimilarity.CurrentFormat, ProgramVersion.CreatedBy, settings, experiment.Seed, new(identity, new(0, 0, "")),
            model.LayerCount, model.AddedLevels, 1,
            LayerSimilarity.Classes.ToDictionary(name => name, _ => 1L), new Dictionary<string, long>(),
            LayerSimilarity.Aggregate([SampleSums.Empty(model.LayerCount, spans, one)], spans), SinkProfile.Even(model.LayerCount));
    }
}
