using System.CommandLine;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;

namespace Interlace.Cli;

/// <summary><c>calibrate MODEL --data D --out RUN</c>: the similarity of every layer and triplet.</summary>
internal static class CalibrateCommand
{
    private static readonly Option<string> Target = StageOptions.Out("Run folder to write similarity.json to.", "RUN");

    private static readonly string[] Measurable = [.. EvidenceFiles.Names.Where(name => name != EvidenceFiles.Best)];

    private static readonly Option<string?> EvidenceNames = new("--evidence")
    {
        Description = $"Measure what further methods need too, as far as it is not there: {string.Join(", ", Measurable)}; "
            + "separated by commas.", HelpName = "A,B",
    };

    public static Verb Create() =>
        new("calibrate", "Measure how similar the input and output of every layer and triplet are, over part of the data.",
    [
        "interlace calibrate models/Qwen3-VL-8B-Instruct --data data/finevision --out run",
        "interlace calibrate models/Qwen3-VL-8B-Instruct --data data/finevision --out run --set calibrate.fraction=0.05",
        "interlace calibrate models/Qwen3-VL-8B-Instruct --data data/finevision --out run --evidence sleb,taylor",
        "interlace calibrate models/Qwen3-VL-8B-Instruct --data data/finevision --out run --adaptive --ratio 0.25",
    ], Run, resumes: true) { ModelOptions.Model, StageOptions.Data, StageOptions.Rate, StageOptions.Adaptive, StageOptions.Method,
        StageOptions.Ratio, EvidenceNames, Target, CommonOptions.Config, CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        var experiment = invocation.Hub.Local(invocation.Experiment() with { Model = invocation.Get(ModelOptions.Model) });
        string[] names = (invocation.Get(EvidenceNames) ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.FirstOrDefault(name => !Measurable.Contains(name)) is { } unknown)
            throw new InputException($"There is no evidence '{unknown}': choose from {string.Join(", ", Measurable)}.");
        var job = invocation.Job(experiment);
        AdaptiveCalibration.Check(experiment);
        using var model = job.Open(experiment.Model!);
        if (invocation.Force) DrawnData.OpenCalibration(experiment.Complete());   // before an earlier run is deleted
        using var folder = invocation.OpenOut(invocation.Get(Target)!, "calibrate", Recorded(experiment.Complete()));
        string path = Path.Combine(folder.Path, experiment.Complete().Calibrate!.Adaptive ? PlanStability.Name : LayerSimilarity.Name);
        bool there = File.Exists(path);
        var similarity = there ? CalibrationStage.Finished(model, folder.Path) : AdaptiveCalibration.Run(model, job, folder.Path);
        if (there) invocation.Log($"{path} is there already.");
        foreach (string name in names) Measure(name, model, job, folder.Path);
        var view = new SimilarityView(similarity);
        invocation.Print(() => StrictJson.Parse(similarity.ToJson())!, view.Draw);
        invocation.Log($"Next: interlace plan {folder.Path} --ratio 0.25");
        return ExitCode.Done;
    }

    /// <summary>The settings without what changes nothing that was measured before: how far searches go, and by which rules.</summary>
    private static Experiment Recorded(Experiment experiment)
    {
        var (plan, usual) = (experiment.Plan!, new PlanOptions());
        return experiment with
        {
            Calibrate = experiment.Calibrate! with { SlebRatio = new CalibrationOptions().SlebRatio },
            Plan = experiment.Calibrate.Adaptive ? plan : plan with
            {
                ProtectSinks = usual.ProtectSinks, LongestRun = usual.LongestRun, Candidates = usual.Candidates, Tune = usual.Tune,
                BestOf = usual.BestOf, BestBy = usual.BestBy,
            },
        };
    }

    private static void Measure(string name, LoadedModel model, Job job, string folder)
    {
        string path = EvidenceFiles.PathOf(folder, name);
        bool there = EvidenceStage.IsThere(name, model, job.Experiment, folder);
        if (!there) EvidenceStage.Run(name, model, job, folder);
        job.Say(there ? $"{path} is there already." : $"{path} is measured.");
    }
}
