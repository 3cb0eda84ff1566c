using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Evaluation;
using Interlace.Pruning;
using Interlace.Reporting;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace;

/// <summary>
/// The main job from model and data to report: every stage that has not left its artefact yet, in order. A stage reads what the stages before it left in the folder and nothing else,
/// so a run that was interrupted anywhere goes on there.
/// </summary>
/// <param name="experiment">All settings.</param>
/// <param name="folder">The run folder.</param>
/// <param name="compute">Where and in which type it computes.</param>
/// <param name="log">One line about each stage.</param>
/// <param name="progress">How far the stage at work has come.</param>
/// <param name="cancellation">Ends the stage at work at its next safe point.</param>
public sealed class Pipeline(Experiment experiment, string folder, Compute compute, Action<string> log, IProgress<StageProgress>? progress, CancellationToken cancellation)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private readonly Experiment _experiment = experiment.Complete();
    private readonly List<StageCost> _stages = [];

    /// <summary>Runs what is left to do and gives the data of the report.</summary>
    /// <exception cref="InputException">Model, data, tables or settings are wrong.</exception>
    public ReportData Run()
    {
        string model = _experiment.Model ?? throw new InputException("The experiment names no model: give its folder.");
        string plan = At(RunFolder.Plan), pruned = At(RunFolder.Pruned), tuned = At(RunFolder.Tuned);
        Directory.CreateDirectory(folder);
        ReadTimings();
        Stage("calibrate", At(RunFolder.Similarity), () =>
        {
            using var dense = Open(model);
            CalibrationStage.Run(dense, compute, _experiment, folder, progress, cancellation);
        });
        File.Delete(At(CalibrationStage.StateName));   // left where a run was killed between the two
        Stage("plan", plan, () => PlanFile.Save(PlanStage.Run(LayerSimilarity.Load(At(RunFolder.Similarity)), _experiment.Plan!, _experiment.Seed), plan));
        Stage("prune", pruned, () => LayerRemoval.Prune(model, PlanFile.Load(plan), pruned, progress: progress, cancel: cancellation));
        Evaluate("dense", model);
        Evaluate("dropped", pruned);
        if (PlanFile.Load(plan).Tune.IsEmpty) log("finetune: the plan tunes no layer");
        else Tune(pruned, tuned);
        ReportData? data = null;
        Stage("report", null, () =>
        {
            data = RunReport.Read(folder, _experiment, _stages, Process.GetCurrentProcess().PeakWorkingSet64);
            AtomicFile.Write(At(RunFolder.Report), Encoding.UTF8.GetBytes(Report.ToHtml(data)));
            AtomicFile.Write(At("report.md"), Encoding.UTF8.GetBytes(Report.ToMarkdown(data)));
        });
        WriteSummary(data!);
        return data!;
    }

    private string At(string name) => Path.Combine(folder, name);

    private LoadedModel Open(string model)
    {
        var loaded = ModelFamilies.Open(model, compute.Device, compute.Type, _experiment.Data!.MaxPixels);
        if (loaded.Processor.Warning is { } warning) log(warning);
        return loaded;
    }

    private void Tune(string pruned, string tuned)
    {
        Stage("finetune", tuned, () => FineTuneStage.Run(pruned, tuned, compute, _experiment, log: log, progress: progress, cancellation: cancellation));
        FineTuneStage.Forget(tuned);
        Evaluate("recovered", tuned);
    }

    private void Evaluate(string name, string model)
    {
        if (_experiment.Evaluate!.Benchmarks is null) return;
        string target = Path.Combine(folder, RunFolder.Evaluated, name);
        Stage($"evaluate {name}", Path.Combine(target, ScoresFile.Name), () =>
        {
            using var loaded = Open(model);
            var scores = new Evaluator(loaded, compute, _experiment, target).Run($"evaluate {name}", progress, cancellation);
            foreach (string warning in scores.Warnings ?? []) log(warning);
            log($"{name}: {string.Join(", ", scores.Benchmarks.Select(b => $"{b.Name} {(b.Percent is { } p ? $"{p:0.0}" : "not evaluated")}"))}; average {scores.Average:0.0}");
        });
    }

    private void Stage(string name, string? artefact, Action run)
    {
        cancellation.ThrowIfCancellationRequested();
        if (artefact is not null && Path.Exists(artefact))
        {
            log($"{name}: done before ({Path.GetRelativePath(folder, artefact)})");
            return;
        }
        var clock = Stopwatch.StartNew();
        run();
        _stages.RemoveAll(stage => stage.Name == name);
        _stages.Add(new(name, Math.Round(clock.Elapsed.TotalSeconds, 2)));
        WriteTimings();
        log($"{name}: {clock.Elapsed.TotalSeconds:0.0} s");
    }

    private void ReadTimings()
    {
        if (!File.Exists(At(RunFolder.Timings))) return;
        foreach (var stage in (JsonNode.Parse(File.ReadAllText(At(RunFolder.Timings))) as JsonArray) ?? [])
            _stages.Add(new(stage!["name"]!.GetValue<string>(), stage["seconds"]!.GetValue<double>()));
    }

    private void WriteTimings() => Write(At(RunFolder.Timings), Stages());

    private JsonArray Stages() => [.. _stages.Select(stage => (JsonNode)new JsonObject { ["name"] = stage.Name, ["seconds"] = stage.Seconds })];

    private void WriteSummary(ReportData data) => Write(At(RunFolder.Summary), new JsonObject
    {
        ["models"] = new JsonObject(data.Models.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)new JsonObject([
            .. m.Benchmarks.Select(b => KeyValuePair.Create(b.Benchmark, (JsonNode?)b.Score)), KeyValuePair.Create("average", (JsonNode?)m.Average)])))),
        ["stages"] = Stages(),
        ["peak_memory_bytes"] = data.PeakMemoryBytes,
        ["settings"] = JsonNode.Parse(ExperimentFile.ToJson(_experiment)),
        ["created_by"] = ProgramVersion.CreatedBy,
    });

    private static void Write(string path, JsonNode json) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n"));
}
