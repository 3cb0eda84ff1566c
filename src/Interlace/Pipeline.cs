using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Reporting;
using Interlace.Vlm;

namespace Interlace;

/// <summary>The main job from model and data to report: every stage that has not left its artefact yet, in order.</summary>
/// <param name="experiment">All settings.</param>
/// <param name="folder">The run folder.</param>
/// <param name="compute">Where and in which type it computes.</param>
/// <param name="log">One line about each stage.</param>
/// <param name="progress">How far the stage at work has come.</param>
/// <param name="cancellation">Ends the stage at work at its next safe point.</param>
public sealed class Pipeline(Experiment experiment, string folder, Compute compute, Action<string> log, IProgress<StageProgress>? progress, CancellationToken cancellation)
{
    private readonly Experiment _experiment = experiment.Complete();

    // Made when it is first asked for: it begins with the times that rounds leave.
    private RunStages Stages => field ??= new(_experiment, folder, compute, log, progress, cancellation);

    /// <summary>Runs what is left to do and gives the data of the report.</summary>
    /// <exception cref="InputException">Model, data, tables or settings are wrong.</exception>
    public ReportData Run()
    {
        string model = _experiment.Model ?? throw new InputException("The experiment names no model: give its folder.");
        if (_experiment.Plan!.Rounds > 1) new Rounds(_experiment, folder, compute, log, progress, cancellation).Run(model);
        Stages.Calibrate(model);
        foreach (string name in EvidenceFiles.NeededBy(Methods.Find(_experiment.Plan!.Method))) Stages.Measure(name, model);
        Stages.Plan(Stages.At(RunFolder.Similarity));
        Stages.Prune(model);
        Evaluate("dense", model);
        Evaluate("dropped", Stages.At(RunFolder.Pruned));
        if (Stages.Tune()) Evaluate("recovered", Stages.At(RunFolder.Tuned));
        ReportData? data = null;
        Stages.Stage("report", null, () =>
        {
            data = RunReport.Read(folder, _experiment, Stages.Costs, Process.GetCurrentProcess().PeakWorkingSet64);
            AtomicFile.Write(Stages.At(RunFolder.Report), Encoding.UTF8.GetBytes(Report.ToHtml(data)));
            AtomicFile.Write(Stages.At("report.md"), Encoding.UTF8.GetBytes(Report.ToMarkdown(data)));
        });
        WriteSummary(data!);
        return data!;
    }

    private void Evaluate(string name, string model) => Stages.Evaluate(name, model, Stages.At(RunFolder.Evaluated, name));

    private void WriteSummary(ReportData data) => RunStages.WriteJson(Stages.At(RunFolder.Summary), new JsonObject
    {
        ["models"] = new JsonObject(data.Models.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)new JsonObject([
            .. m.Benchmarks.Select(b => KeyValuePair.Create(b.Benchmark, (JsonNode?)b.Score)), KeyValuePair.Create("average", (JsonNode?)m.Average)])))),
        ["stages"] = RunStages.ToJson(Stages.Costs),
        ["peak_memory_bytes"] = data.PeakMemoryBytes,
        ["settings"] = JsonNode.Parse(ExperimentFile.ToJson(_experiment)),
        ["created_by"] = ProgramVersion.CreatedBy,
    });
}
