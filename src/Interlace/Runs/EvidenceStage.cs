using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Pruning.Losses;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Runs;

/// <summary>
/// The part of the stage <c>calibrate</c> that measures what similarity-based methods do not need:
/// SLEB's order of removal, losses without layers and of whole plans, gradients and weights. Each kind is an artefact of its own
/// in <c>evidence</c> beside <c>similarity.json</c> and is measured once.
/// Losses and gradients use the calibration's samples, at most <c>calibrate.evidence_samples</c> of them, which are held in memory.
/// </summary>
public static class EvidenceStage
{
    /// <summary>Measures one kind of evidence, unless it is there.</summary>
    /// <param name="name">A name of <see cref="EvidenceFiles.Names"/>.</param>
    /// <param name="loaded">The model.</param>
    /// <param name="job">The work; the order of removal is searched with the layers protected that its plan protects. It ends after a pass:
    /// a search goes on after its last whole round with the same call, the other kinds begin again.</param>
    /// <param name="folder">The run folder.</param>
    /// <exception cref="InputException">There is no such evidence, the data is unusable,
    /// or what is there belongs to another model or to other settings.</exception>
    public static void Run(string name, LoadedModel loaded, Job job, string folder)
    {
        if (!EvidenceFiles.Names.Contains(name))
            throw new InputException($"There is no evidence '{name}': choose {string.Join(", ", EvidenceFiles.Names)}.");
        var experiment = job.Experiment;
        string path = EvidenceFiles.PathOf(folder, name);
        if (IsThere(name, loaded, experiment, folder)) return;
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        var identity = ModelIdentity.Of(checkpoint, cancel: job.Cancellation);
        if (name == EvidenceFiles.MagnitudeBlock)
        {
            Dictionary<string, long> none = [];
            double[] weights = [.. loaded.Model.Layers.Select(layer => layer.Parameters.Sum(Magnitude))];
            loaded.Model.CheckUnchanged();
            new BlockScores(BlockScores.CurrentFormat, ProgramVersion.CreatedBy, name, null, experiment.Seed, new(identity, null),
                weights.Length, 0, none, 0, none, null, weights).Save(path);
            return;
        }
        if (name == EvidenceFiles.Best)
        {
            PlanLossStage.Run(loaded, job, folder, Load(loaded, job), identity);
            return;
        }
        var data = Load(loaded, job);
        var inputs = new EvidenceInputs(identity, data.Identity);
        if (name == EvidenceFiles.Sleb)
        {
            Search(data, inputs, loaded.Model, job, path);
            return;
        }
        if (name == EvidenceFiles.InterlaceLoss)
        {
            LossSearchStage.Run(loaded, job, folder, data, inputs);
            return;
        }
        var (scores, loss) = name == EvidenceFiles.Taylor
            ? Taylor(data, loaded.Model, job)
            : WithoutEach(data, loaded.Model, job);
        loaded.Model.CheckUnchanged();
        new BlockScores(BlockScores.CurrentFormat, ProgramVersion.CreatedBy, name, data.Settings, experiment.Seed, inputs, scores.Length,
            data.Samples.Count, data.Tokens, data.AnswerTokens, data.Skipped, loss, scores).Save(path);
    }

    /// <summary>True where the evidence is there, a search with as many rounds as are asked for.</summary>
    /// <exception cref="InputException">What is there is wrong, or of another model.</exception>
    public static bool IsThere(string name, LoadedModel loaded, Experiment experiment, string folder)
    {
        string path = EvidenceFiles.PathOf(folder, name);
        if (!File.Exists(path)) return false;
        experiment = experiment.Complete();
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        var order = name == EvidenceFiles.Sleb ? RemovalOrder.Load(path) : null;
        var inputs = order?.Inputs ?? EvidenceFiles.OriginOf(path, name).Inputs;
        if (inputs.Model.DifferenceFrom(ModelIdentity.Of(checkpoint)) is { } difference)
            throw new InputException($"{path} was measured on another model than {loaded.Folder}: {difference}; name another folder.");
        if (name is EvidenceFiles.InterlaceLoss or EvidenceFiles.Best) return Holds(name, experiment, folder);
        return order is null || order.Rounds.Length >= Rounds(experiment, loaded.Model.Layers.Count, loaded.Model.AddedLevels);
    }

    /// <summary>Whether what was measured of losses serves every plan of an experiment.</summary>
    /// <param name="name">The losses of searches, or those of plans.</param>
    /// <param name="experiment">All settings.</param>
    /// <param name="folder">The folder of the calibration, in which the file is there.</param>
    /// <exception cref="InputException">A file is wrong.</exception>
    internal static bool Holds(string name, Experiment experiment, string folder) => name == EvidenceFiles.InterlaceLoss
        ? LossSearchStage.Holds(experiment, folder) : PlanLossStage.Holds(experiment, folder);

    /// <summary>The plans of an experiment: one, or those of its lines that drop layers.</summary>
    internal static IReadOnlyList<PlanOptions> Plans(Experiment experiment)
    {
        var whole = experiment.Complete();
        return whole.Variants is not { } lines ? [whole.Plan!]
            : [.. lines.Where(line => line.SparsityIn(whole) is null).Select(line => line.In(whole).Plan!)
                .Where(plan => plan.Rounds == 1).Distinct()];
    }

    /// <summary>Rounds of the search that an experiment asks for: enough for <c>calibrate.sleb_ratio</c> and for its own plan.</summary>
    public static int Rounds(Experiment experiment, int layerCount, int visualLevels)
    {
        experiment = experiment.Complete();
        var plan = experiment.Plan!;
        double ratio = Math.Max(experiment.Calibrate!.SlebRatio,
            EvidenceFiles.MethodsOf(plan).Contains(EvidenceFiles.Sleb) ? plan.Ratio : 0);
        return Math.Min(DropCount.For(ratio, layerCount), SlebSearch.Largest(layerCount, plan.Protect ? visualLevels : 0));
    }

    private static void Search(EvidenceData data, EvidenceInputs inputs, VisionLanguageModel model, Job job, string path)
    {
        var experiment = job.Experiment;
        int layers = model.Layers.Count, guarded = experiment.Plan!.Protect
            ? model.AddedLevels
            : 0, count = Rounds(experiment, layers, model.AddedLevels);
        var order = new RemovalOrder(RemovalOrder.CurrentFormat, ProgramVersion.CreatedBy, data.Settings, experiment.Seed, inputs, layers,
            guarded, data.Samples.Count, data.Tokens, data.AnswerTokens, data.Skipped, 0, []);
        string state = Path.ChangeExtension(path, ".state.json");
        if (File.Exists(path) && !RemovalOrder.Load(path).IsOfTheSame(order))
        {
            throw new InputException($"{path} was made with other settings or samples and has fewer rounds than are asked for: "
                + "name another folder, or delete it.");
        }
        RemovalOrder?[] saved = [.. new[] { state, path }.Where(File.Exists).Select(RemovalOrder.Load)];
        if (saved.Length > 0) SameModel.Require(saved[0]!.Inputs.Model, inputs.Model, state);
        var before = saved.FirstOrDefault(found => found!.IsOfTheSame(order));

        using var losses = SharedLosses.Lead(data, model, job);
        order = order with { Loss = before?.Loss ?? losses.Of([.. Enumerable.Range(0, layers)], job.Cancellation) };
        var rounds = SlebSearch.Run(losses, layers, guarded, count, before?.Rounds ?? [],
            rounds => (order with { Rounds = [.. rounds] }).Save(state), job.Progress, job.Cancellation);
        model.CheckUnchanged();
        (order with { Rounds = [.. rounds] }).Save(state);
        File.Move(state, path, overwrite: true);
    }

    /// <summary>A member's part of measuring gradients.</summary>
    internal static void JoinTaylor(LoadedModel loaded, Job job, JsonObject content)
    {
        var data = Load(loaded, job);
        TaylorImportance.Join(loaded.Model, data.Samples, data.Settings.BatchTokens, job.Ranks);
    }

    private static (double[] Scores, double Loss) Taylor(EvidenceData data, VisionLanguageModel model, Job job)
    {
        if (job.Ranks.Count > 1) job.Call(EvidenceFiles.Taylor, data.Folder, []);
        var measured = TaylorImportance.Measure(model, data.Samples, data.Settings.BatchTokens, progress: job.Progress,
            cancellation: job.Cancellation, ranks: job.Ranks);
        if (job.Ranks.Count > 1) job.Ranks.Complete();
        return measured;
    }

    private static (double[] Scores, double Loss) WithoutEach(EvidenceData data, VisionLanguageModel model, Job job)
    {
        using var losses = SharedLosses.Lead(data, model, job);
        int[] all = [.. Enumerable.Range(0, model.Layers.Count)];
        double loss = losses.Of(all, job.Cancellation);
        return (losses.Without(all, all,
            passed => job.Progress?.Report(new("evidence perplexity", passed, (long)all.Length * losses.BatchCount, "passes")),
            job.Cancellation), loss);
    }

    private static double Magnitude(Parameter parameter)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        double sum = parameter.Value.to(ScalarType.Float32).abs().sum(ScalarType.Float64).item<double>();
        return double.IsFinite(sum)
            ? sum : throw new NotANumberException($"Weight {parameter.Name} holds values that are no numbers (NaN or infinite): "
                + "copy or download the model again.");
    }

    /// <summary>The samples that losses and gradients are taken over, which are the same on every rank.</summary>
    internal static EvidenceData Load(LoadedModel loaded, Job job)
    {
        var experiment = job.Experiment;
        var data = DrawnData.OpenCalibration(experiment);
        var filter = data.FilterFor(loaded.Processor);
        var rows = data.Calibration(experiment, filter, experiment.Calibrate!.EvidenceSamples);
        SkipCounts skipped = [], filtered = [];
        EncodedSample[] samples = [.. data.Load(data.Read(rows, filtered, filter), loaded.Processor,
            skipped, 0, job.Cancellation).Select(sample => sample.Encoded)];
        skipped.Merge(filtered);
        if (samples.Length == 0) throw skipped.NoneLeft();
        return new(loaded.Folder, samples, skipped.ToDictionary(), Settings(experiment, job.Compute), DataIdentity.Of(data.Source));
    }

    /// <summary>What decides losses and gradients besides model and data.</summary>
    internal static EvidenceSettings Settings(Experiment experiment, Compute compute)
    {
        var (options, calibrate) = (experiment.Data!, experiment.Calibrate!);
        return new(options.Rate, calibrate.Fraction, calibrate.EvidenceSamples, options.MaxImages, options.MaxTurns, options.MaxTokens,
            options.MaxPixels, calibrate.BatchTokens, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName,
            DataPreparation.Of(experiment));
    }

    /// <summary>The samples, and what is recorded of them.</summary>
    /// <param name="Folder">Folder of the model that they are encoded for.</param>
    /// <param name="Samples">The samples.</param>
    /// <param name="Skipped">What was left out.</param>
    /// <param name="Settings">What decides losses and gradients besides model and data.</param>
    /// <param name="Identity">What the data is.</param>
    internal sealed record EvidenceData(string Folder, IReadOnlyList<EncodedSample> Samples, IReadOnlyDictionary<string, long> Skipped,
        EvidenceSettings Settings, DataIdentity Identity)
    {
        public IReadOnlyDictionary<string, long> Tokens { get; } = LayerSimilarity.Classes.Index().ToDictionary(
            c => c.Item, c => Samples.Sum(sample => sample.Kinds.LongCount(kind => LayerSimilarity.ClassOf(kind) == c.Index)));

        public long AnswerTokens { get; } = Samples.Sum(sample => (long)Batch.CountTargets(sample));
    }
}
