using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Evaluation;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Reporting;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace;

/// <summary>
/// The stages of one run folder. A stage reads what the stages before it left and nothing else, is left out where its artefact stands already, and is timed: a run that was interrupted anywhere goes on there.
/// </summary>
/// <param name="experiment">All settings.</param>
/// <param name="folder">The run folder.</param>
/// <param name="compute">Where and in which type it computes.</param>
/// <param name="log">One line about each stage.</param>
/// <param name="progress">How far the stage at work has come.</param>
/// <param name="cancellation">Ends the stage at work at its next safe point.</param>
internal sealed class RunStages(Experiment experiment, string folder, Compute compute, Action<string> log, IProgress<StageProgress>? progress, CancellationToken cancellation)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private readonly Experiment _experiment = experiment.Complete();

    /// <summary>What the stages cost, those of earlier attempts included.</summary>
    public IReadOnlyList<StageCost> Costs => ReadCosts(folder);

    /// <summary>A path in the run folder.</summary>
    public string At(params ReadOnlySpan<string> parts) => Path.Combine([folder, .. parts]);

    /// <summary>The calibration's last artefact.</summary>
    public string Measured => _experiment.Calibrate!.Adaptive ? PlanStability.Name : RunFolder.Similarity;

    /// <summary>Model and data -> <c>similarity.json</c>.</summary>
    public void Calibrate(string model)
    {
        Stage("calibrate", At(Measured), () =>
        {
            using var dense = Open(model);
            AdaptiveCalibration.Run(dense, compute, _experiment, folder, log, progress, cancellation);
        });
        File.Delete(At(CalibrationStage.StateName));   // left where a run was killed between the two
    }

    /// <summary>Model and data -> one kind of evidence in <c>evidence</c>.</summary>
    public void Measure(string evidence, string model) => Stage($"evidence {evidence}", EvidenceFiles.PathOf(folder, evidence), () =>
    {
        using var dense = Open(model);
        EvidenceStage.Run(evidence, dense, compute, _experiment, folder, progress, cancellation);
    });

    /// <summary>Similarity and the evidence beside it, perhaps of another folder -> <c>plan.json</c>.</summary>
    public void Plan(string similarity) =>
        Stage("plan", At(RunFolder.Plan), () => PlanFile.Save(PlanStage.Run(LayerSimilarity.Load(similarity), _experiment.Plan!, _experiment.Seed, Path.GetDirectoryName(similarity)), At(RunFolder.Plan)));

    /// <summary>Model and plan -> <c>pruned</c>.</summary>
    public void Prune(string model) =>
        Stage("prune", At(RunFolder.Pruned), () => LayerRemoval.Prune(model, PlanFile.Load(At(RunFolder.Plan)), At(RunFolder.Pruned), progress: progress, cancel: cancellation));

    /// <summary>Model (and data) -> <c>pruned</c>, with all its layers and part of their weights zero.</summary>
    public void Sparsify(string model, SparsityOptions options) =>
        Stage("sparsify", At(RunFolder.Pruned), () => SparsifyStage.Run(model, At(RunFolder.Pruned), compute, _experiment, options, log: log, progress: progress, cancellation: cancellation));

    /// <summary>Pruned model and data -> <c>tuned</c>. False where the plan tunes no layer.</summary>
    public bool Tune()
    {
        if (PlanFile.Load(At(RunFolder.Plan)).Tune.IsEmpty)
        {
            log("finetune: the plan tunes no layer");
            return false;
        }
        Stage("finetune", At(RunFolder.Tuned), () => FineTuneStage.Run(At(RunFolder.Pruned), At(RunFolder.Tuned), compute, _experiment, log: log, progress: progress, cancellation: cancellation));
        FineTuneStage.Forget(At(RunFolder.Tuned));
        return true;
    }

    /// <summary>Model and data -> <c>plan.json</c> and <c>tuned</c>, in as many rounds as the plan says.</summary>
    public void InRounds(string model) => new Rounds(_experiment, folder, compute, log, progress, cancellation).Run(model);

    /// <summary>Model and tables -> predictions and scores in a folder. Nothing where the experiment names no tables.</summary>
    public void Evaluate(string name, string model, string target)
    {
        if (_experiment.Evaluate!.Benchmarks is null) return;
        Stage($"evaluate {name}", Path.Combine(target, ScoresFile.Name), () =>
        {
            using var loaded = Open(model);
            var scores = new Evaluator(loaded, compute, _experiment, target).Run($"evaluate {name}", progress, log, cancellation);
            foreach (string remark in scores.Remarks) log(remark);
            log($"{name}: {string.Join(", ", scores.Benchmarks.Select(b => $"{b.Name} {(b.Percent is { } p ? $"{p:0.0}" : "not evaluated")}"))}; average {scores.Average:0.0}");
            if (scores.Batching is { } check) log($"{name}: {check.Differing} of {check.Checked} answers are another text when asked for one at a time");
        });
    }

    /// <summary>Models by name -> <c>latency.json</c>; the first is the one that the others are compared with.</summary>
    public void Latency(IReadOnlyList<(string Name, string Folder)> models) => Stage("latency", At(LatencyFile.Name), () =>
    {
        var latency = Evaluation.Latency.Of([.. models.Select(model => model.Folder)], Open, compute, _experiment, new(_experiment.Evaluate!.LatencySamples), progress, cancellation);
        (latency with { Models = [.. latency.Models.Zip(models, (measured, model) => measured with { Name = model.Name })] }).Save(At(LatencyFile.Name));
    });

    /// <summary>Runs a stage whose artefact is not there yet; one without an artefact is always run.</summary>
    public void Stage(string name, string? artefact, Action run)
    {
        cancellation.ThrowIfCancellationRequested();
        if (artefact is not null && Path.Exists(artefact))
        {
            log($"{name}: done before ({Path.GetRelativePath(folder, artefact)})");
            return;
        }
        Directory.CreateDirectory(folder);
        var clock = Stopwatch.StartNew();
        run();
        // Read anew: several of these may work in one folder.
        WriteJson(At(RunFolder.Timings), ToJson([.. Costs.Where(stage => stage.Name != name), new(name, Math.Round(clock.Elapsed.TotalSeconds, 2))]));
        log($"{name}: {clock.Elapsed.TotalSeconds:0.0} s");
    }

    /// <summary>The model in the computation's type.</summary>
    public LoadedModel Open(string model)
    {
        var loaded = ModelFamilies.Open(model, compute.Device, compute.Type, _experiment.Data!.MaxPixels);
        foreach (string warning in loaded.Warnings) log(warning);
        return loaded;
    }

    /// <summary>Costs as artefacts spell them.</summary>
    public static JsonArray ToJson(IEnumerable<StageCost> costs) => [.. costs.Select(stage => (JsonNode)new JsonObject { ["name"] = stage.Name, ["seconds"] = stage.Seconds })];

    /// <summary>Writes a file whole or not at all.</summary>
    public static void WriteJson(string path, JsonNode json) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n"));

    /// <summary>What stages of a run folder have cost; none where nothing is written there.</summary>
    public static StageCost[] ReadCosts(string folder)
    {
        string path = Path.Combine(folder, RunFolder.Timings);
        if (!File.Exists(path)) return [];
        return [.. ((StrictJson.Read(path) as JsonArray) ?? []).Select(stage => new StageCost(stage!["name"]!.GetValue<string>(), stage["seconds"]!.GetValue<double>()))];
    }
}
