using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Reporting;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Runs;

/// <summary>The main job from model and data to report: every stage that has not left its artefact yet, in order.</summary>
/// <param name="job">The work.</param>
/// <param name="folder">The run folder.</param>
public sealed class Pipeline(Job job, string folder)
{
    private readonly Experiment _experiment = Preflight.Widened(job.Experiment);
    private readonly RunStages _stages = new(job with { Experiment = Preflight.Widened(job.Experiment) }, folder);

    /// <summary>Whether the models get cards: those of a round are on their way to another, and get none.</summary>
    internal bool WritesCards { get; init; } = true;

    /// <summary>Runs what is left to do and gives the data of the report.</summary>
    /// <exception cref="InputException">Model, data, tables or settings are wrong.</exception>
    public ReportData Run()
    {
        string model = _experiment.Model ?? throw new InputException("The experiment names no model: give its folder.");
        bool inRounds = _experiment.Plan!.Rounds > 1;
        if (inRounds) new Rounds(job, folder).Run(model);
        else
        {
            _stages.Calibrate(model).Run();
            foreach (string name in EvidenceFiles.NeededBy(_experiment.Plan!)) _stages.Measure(name, model).Run();
            _stages.Plan(_stages.At(LayerSimilarity.Name)).Run();
        }
        _stages.Prune(model).Run();
        Evaluate("dense", model);
        Evaluate("dropped", _stages.At(RunFolder.Pruned));
        if (!_stages.Tunes) job.Say("finetune: the plan tunes no layer");
        else
        {
            if (!inRounds) _stages.Tune(model).Run();
            Evaluate("recovered", _stages.At(RunFolder.Tuned));
        }
        ReportData? data = null;
        _stages.Report(() =>
        {
            data = RunReport.Read(folder, _experiment, _stages.Costs, Process.GetCurrentProcess().PeakWorkingSet64);
            AtomicFile.Write(_stages.At(RunFolder.Report), Encoding.UTF8.GetBytes(Report.ToHtml(data)));
            AtomicFile.Write(_stages.At("report.md"), Encoding.UTF8.GetBytes(Report.ToMarkdown(data)));
        }).Run();
        WriteSummary(data!);
        if (WritesCards) CardStage.AddTo(folder, _experiment, job.Say, () => [data!]);
        return data!;
    }

    private void Evaluate(string name, string model)
    {
        foreach (var stage in _stages.Evaluations(name, model, _stages.At(RunFolder.Evaluated, name))) stage.Run();
    }

    private void WriteSummary(ReportData data)
    {
        var summary = Summary(data);
        if (data.Likelihoods.Count > 0) summary["likelihoods"] = ModelLikelihoods.ToJson(data.Likelihoods);
        Artefact.Save(_stages.At(RunFolder.Summary), summary);
    }

    private JsonObject Summary(ReportData data) => new()
    {
        ["models"] = new JsonObject(data.Models.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)new JsonObject([
            .. m.Benchmarks.Select(b => KeyValuePair.Create(b.Benchmark, (JsonNode?)b.Score)),
                KeyValuePair.Create("average", (JsonNode?)m.Average)])))),
        ["stages"] = StageCosts.ToJson(_stages.Costs),
        ["peak_memory_bytes"] = data.PeakMemoryBytes,
        ["settings"] = StrictJson.Parse(ExperimentFile.ToJson(_experiment)),
        ["created_by"] = ProgramVersion.CreatedBy,
    };
}
