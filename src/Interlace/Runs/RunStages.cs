using System.Diagnostics;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Pruning.Bridging;
using Interlace.Pruning.Sparsity;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;

namespace Interlace.Runs;

/// <summary>
/// The stages of one run folder. A stage reads what the stages before it left and nothing else,
/// is left out where its artefact stands already, and is timed: a run that was interrupted anywhere goes on there.
/// An artefact stands for the stage only where it says itself that it was made from the model, the plan and the settings at hand;
/// one that was made from others is refused, never shown under the name of these.
/// </summary>
/// <param name="job">The work.</param>
/// <param name="folder">The run folder.</param>
/// <param name="identities">What models and tables are, where several run folders share them.</param>
internal sealed class RunStages(Job job, string folder, InputIdentities? identities = null)
{
    private readonly Experiment _experiment = job.Experiment;
    private readonly InputIdentities _identities = identities ?? new();
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    /// <summary>What the stages cost, those of earlier attempts included.</summary>
    public IReadOnlyList<StageCost> Costs => StageCosts.Read(folder);

    /// <summary>A path in the run folder.</summary>
    public string At(params ReadOnlySpan<string> parts) => Path.Combine([folder, .. parts]);

    /// <summary>Model and data -> <c>similarity.json</c>.</summary>
    public RunStage Calibrate(string model) =>
        Stage("calibrate", At(_experiment.Calibrate!.Adaptive ? PlanStability.Name : LayerSimilarity.Name), () =>
    {
        using var dense = job.Open(model);
        AdaptiveCalibration.Run(dense, job, folder);
    }, () =>
    {
        var found = LayerSimilarity.Load(At(LayerSimilarity.Name));
        Require(At(LayerSimilarity.Name), found.Inputs.Model, model);
        Require(At(LayerSimilarity.Name), found.Seed == _experiment.Seed
            && found.Settings == CalibrationStage.Settings(_experiment, job.Compute, _experiment.Calibrate!.Adaptive),
            "it was measured with other settings");
    }, () => File.Delete(At(CalibrationStage.StateName)));   // left where a run was killed between the two

    /// <summary>Model and data -> one kind of evidence in <c>evidence</c>.</summary>
    public RunStage Measure(string evidence, string model) => Stage($"evidence {evidence}", EvidenceFiles.PathOf(folder, evidence), () =>
    {
        using var dense = job.Open(model);
        EvidenceStage.Run(evidence, dense, job, folder);
    }, () =>
    {
        string path = EvidenceFiles.PathOf(folder, evidence);
        var (inputs, settings, seed) = EvidenceFiles.OriginOf(path, evidence);
        Require(path, inputs.Model, model);
        Require(path, seed == _experiment.Seed && (settings is null || settings == EvidenceStage.Settings(_experiment, job.Compute)),
            "it was measured with other settings");
    }, complete: evidence is EvidenceFiles.InterlaceLoss or EvidenceFiles.Best
        ? () => EvidenceStage.Holds(evidence, _experiment, folder) : null);

    /// <summary>Similarity and the evidence beside it, perhaps of another folder -> <c>plan.json</c>.</summary>
    public RunStage Plan(string similarity)
    {
        PruningPlan Made() => PlanStage.Run(LayerSimilarity.Load(similarity), _experiment.Plan!, _experiment.Seed,
            Path.GetDirectoryName(similarity));
        return Stage("plan", At(PlanFile.Name), () => PlanFile.Save(Made(), At(PlanFile.Name)),
            () => Require(At(PlanFile.Name), PlanFile.Load(At(PlanFile.Name)).IsSameAs(Made()),
                $"it is not the plan that {similarity} and the settings of the run give"));
    }

    /// <summary>Model and plan (and data, where dropped layers are bridged) -> <c>pruned</c>.</summary>
    public RunStage Prune(string model) => Stage("prune", At(RunFolder.Pruned),
        () =>
        {
            var plan = PlanFile.Load(At(PlanFile.Name));
            if (_experiment.Prune!.Bridge) BridgeStage.Run(model, plan, At(RunFolder.Pruned), job);
            else LayerRemoval.Prune(model, plan, At(RunFolder.Pruned), progress: job.Progress, cancel: job.Cancellation);
        },
        () => RequirePlanned(At(RunFolder.Pruned), model),
        () => StagedFolder.DiscardLeft(At(RunFolder.Pruned)));

    /// <summary>Model (and data) -> <c>pruned</c>, with all its layers and part of their weights zero.</summary>
    public RunStage Sparsify(string model, SparsityOptions options) => Stage("sparsify", At(RunFolder.Pruned),
        () => SparsifyStage.Run(model, At(RunFolder.Pruned), job, options),
        () =>
        {
            var found = SparsityFile.In(At(RunFolder.Pruned));
            Require(At(RunFolder.Pruned), found is not null && SparsifyStage.IsOfTheSame(found, _experiment, options, job.Compute),
                "it was not made sparse with these settings");
            Require(At(RunFolder.Pruned), found!.Inputs.Model, model);
        },
        () => StagedFolder.DiscardLeft(At(RunFolder.Pruned)));

    /// <summary>Whether the plan names layers to tune.</summary>
    public bool Tunes => !PlanFile.Load(At(PlanFile.Name)).Tune.IsEmpty;

    /// <summary>Pruned model and data -> <c>tuned</c>.</summary>
    /// <param name="model">The model that was pruned.</param>
    public RunStage Tune(string model) => Stage("finetune", At(RunFolder.Tuned),
        () => FineTuneStage.Run(At(RunFolder.Pruned), At(RunFolder.Tuned), job),
        () =>
        {
            RequirePlanned(At(RunFolder.Tuned), model);
            var found = TrainingRecord.Load(At(RunFolder.Tuned, TrainingRecord.Name));
            Require(At(RunFolder.Tuned), FineTuneStage.IsOfTheSame(found, _experiment, job.Compute), "it was tuned with other settings");
            if (Directory.Exists(At(RunFolder.Pruned))) Require(At(RunFolder.Tuned), found.Inputs.Model, At(RunFolder.Pruned));
        },
        () => FineTuneStage.Discard(At(RunFolder.Tuned)));

    /// <summary>Model and data -> <c>plan.json</c> and <c>tuned</c>, in as many rounds as the plan says, each with its own times.</summary>
    public RunStage InRounds(string model) =>
        new(At(RunFolder.Tuned), _done, () => new Rounds(job, folder).Run(model),
            () => RequirePlanned(At(RunFolder.Tuned), model),
            () => StagedFolder.DiscardLeft(At(RunFolder.Tuned)));

    /// <summary>Model and tables -> predictions and scores in a folder.</summary>
    public RunStage Evaluate(string name, string model, string target) =>
        Stage($"evaluate {name}", Path.Combine(target, ScoresFile.Name), () =>
    {
        using var loaded = job.Open(model);
        var scores = new Evaluator(loaded, job, target).Run($"evaluate {name}");
        foreach (string remark in scores.Remarks) job.Say(remark);
        var each = scores.Benchmarks.Select(b => $"{b.Name} {(b.Percent is { } p ? $"{p:0.0}" : "not evaluated")}");
        job.Say($"{name}: {string.Join(", ", each)}; average {scores.Average:0.0}");
        if (scores.Batching is { } check)
            job.Say($"{name}: {check.Differing} of {check.Checked} answers are another text when asked for one at a time");
    }, () =>
    {
        var answers = AnswersFile.Load(Path.Combine(target, AnswersFile.Name));
        // what the checkpoint says belongs to the model, which is compared below
        var asks = AnswerSettings.Of(_experiment, job.Compute) with { Checkpoint = answers.Settings.Checkpoint };
        Require(target, answers.Seed == _experiment.Seed && answers.Settings.IsSameAs(asks),
            "its questions were asked with other settings");
        // models may be discarded when they are scored
        if (Directory.Exists(model) && answers.Inputs.Model is { } asked) Require(target, asked, model);
        var tables = _identities.OfTables(_experiment.Evaluate!);
        Require(target, tables.Count == answers.Inputs.Tables.Count
            && tables.All(table => answers.Inputs.Tables.GetValueOrDefault(table.Key) == table.Value),
            "its questions were asked from other tables");
    });

    /// <summary>Model and files of texts and choices -> likelihoods in a folder.</summary>
    public RunStage Likelihoods(string name, string model, string target)
    {
        string stage = $"evaluate {name} likelihoods";
        return Stage(stage, Path.Combine(target, LikelihoodsFile.Name), () =>
        {
            using var loaded = job.Open(model);
            var found = new LikelihoodStage(loaded, job, target).Run(LikelihoodStage.Open(_experiment.Evaluate!), stage);
            foreach (string remark in found.Remarks) job.Say(remark);
            var each = found.Texts.Select(text => $"perplexity of {text.Name} {text.Perplexity:0.00}")
                .Concat(found.Choices.Select(choice => $"{choice.Name} {choice.Percent:0.0} % right"));
            job.Say($"{name}: {string.Join(", ", each)}");
        }, () =>
        {
            var found = LikelihoodsFile.Load(Path.Combine(target, LikelihoodsFile.Name));
            Require(target, found.Seed == _experiment.Seed && found.Settings == LikelihoodSettings.Of(_experiment, job.Compute),
                "its likelihoods were taken with other settings");
            if (Directory.Exists(model)) Require(target, found.Inputs.Model, model);
            Require(target, LikelihoodInputs.AreOf(found.Inputs.Texts, LikelihoodKind.Texts, _identities.OfFiles(_experiment.Evaluate!))
                && LikelihoodInputs.AreOf(found.Inputs.Choices, LikelihoodKind.Choices, _identities.OfFiles(_experiment.Evaluate!)),
                "its likelihoods are those of other files");
        });
    }

    /// <summary>All that the experiment evaluates a model by, into one folder.</summary>
    public IReadOnlyList<RunStage> Evaluations(string name, string model, string target) =>
    [
        .. _experiment.Evaluate!.TakesLikelihoods ? [Likelihoods(name, model, target)] : (RunStage[])[],
        .. _experiment.Evaluate!.Benchmarks is not null ? [Evaluate(name, model, target)] : (RunStage[])[],
    ];

    /// <summary>Models by name -> <c>latency.json</c>; the first is the one that the others are compared with.</summary>
    public RunStage Latency(IReadOnlyList<(string Name, string Folder)> models) => Stage("latency", At(LatencyFile.Name), () =>
    {
        var latency = LatencyStage.Measure([.. models.Select(model => model.Folder)], job.Open, job,
            new(_experiment.Evaluate!.LatencySamples));
        (latency with { Models = [.. latency.Models.Zip(models, (measured, model) => measured with { Name = model.Name })] })
            .Save(At(LatencyFile.Name));
    }, () =>
    {
        var found = LatencyFile.Load(At(LatencyFile.Name));
        Require(At(LatencyFile.Name), found.Models.Select(model => model.Name).SequenceEqual(models.Select(model => model.Name)),
            "it has the times of other models");
        foreach (var (measured, model) in found.Models.Zip(models))
            if (Directory.Exists(model.Folder)) Require(At(LatencyFile.Name), measured.Identity, model.Folder);
    });

    /// <summary>What has been made -> the report, which is made anew each time.</summary>
    public RunStage Report(Action make) => Stage("report", null, make, null);

    /// <summary>A stage that is timed.</summary>
    private RunStage Stage(string name, string? artefact, Action run, Action? check, Action? tidy = null, Func<bool>? complete = null)
    {
        return new(artefact, _done, Timed, check, () =>
        {
            job.Say($"{name}: done before ({Path.GetRelativePath(folder, artefact!)})");
            tidy?.Invoke();
        }, complete);

        void Timed()
        {
            job.Cancellation.ThrowIfCancellationRequested();
            Directory.CreateDirectory(folder);
            var clock = Stopwatch.StartNew();
            run();
            FreedMemory.GiveBack();
            // Read anew: several of these may work in one folder.
            StageCosts.Save(folder, [.. Costs.Where(stage => stage.Name != name), new(name, Math.Round(clock.Elapsed.TotalSeconds, 2))]);
            job.Say($"{name}: {clock.Elapsed.TotalSeconds:0.0} s");
            tidy?.Invoke();
        }
    }

    /// <summary>A model folder was made from the run's plan, and from a model.</summary>
    private void RequirePlanned(string made, string model)
    {
        var (plan, record) = (PlanFile.Load(At(PlanFile.Name)), PrunedModelFile.Load(made));
        Require(made, PlanFile.Load(Path.Combine(made, PlanFile.Name)).IsSameAs(plan)
            && record.KeptLayers.AsSpan().SequenceEqual([.. plan.Kept]), $"it was made with another plan than {At(PlanFile.Name)}");
        Require(made, BridgeStage.IsOfTheSame(record.Bridge, _experiment, job.Compute),
            "its dropped layers were bridged with other settings");
        Require(made, record.Parent, model);
    }

    private void Require(string artefact, ModelIdentity made, string model)
    {
        if (made.DifferenceFrom(_identities.OfModel(model)) is { } difference)
            Require(artefact, false, $"{model} has changed since it was made: {difference}");
    }

    private static void Require(string artefact, bool holds, string fault)
    {
        if (!holds)
        {
            throw new InputException($"{artefact} does not belong to this run: {fault}; "
                + "delete it to have it made again, name another folder, or start over with --force.");
        }
    }
}
