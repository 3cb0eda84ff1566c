using System.CommandLine;
using Interlace.Training;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>finetune DIR --data D --out DIR2</c>: wins quality back by tuning the plan's layers.</summary>
internal static class FinetuneCommand
{
    private static readonly Argument<string> Pruned = new("DIR") { Description = "Pruned model folder with its plan.json." };
    private static readonly Option<string> Target =
        StageOptions.Out("Model folder to write when all is done; work under way lies in DIR2.training.", "DIR2");

    public static Verb Create() => new("finetune", "Tune the plan's layers, and nothing else, on part of the data.",
    [
        "interlace finetune run/pruned --data data/finevision --out run/tuned",
        "interlace finetune run/pruned --data data/finevision --out run/tuned --set finetune.learning_rate=2e-5 --max-steps 200",
        "interlace finetune run/pruned --data data/finevision --out run/distilled --distill 0.5 --parent models/Qwen3-VL-8B-Instruct",
    ], Run, resumes: true) { Pruned, StageOptions.Data, StageOptions.Rate, StageOptions.MaxSteps, StageOptions.Distill, StageOptions.Parent,
        StageOptions.Shard, StageOptions.Offload, Target, CommonOptions.Config, CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        string target = invocation.Get(Target)!;
        var experiment = invocation.Hub.LocalData(invocation.Experiment());
        string pruned = invocation.Hub.Model(invocation.Get(Pruned));
        invocation.CheckOut(target, [pruned, .. experiment.InputPaths()]);
        var record = FineTuneStage.Run(pruned, target, invocation.Job(experiment), invocation.Force);
        invocation.Print(() => StrictJson.Read(Path.Combine(target, TrainingRecord.Name))!, console =>
            console.WriteLine($"{target}: {record.Steps} steps over {record.Samples:N0} samples, "
                + $"loss {record.FirstLoss:0.000} at first and {record.LastLoss:0.000} at last"
                + (record.Skipped.Count > 0 ? $"; left out: {string.Join(", ", record.Skipped.Select(s => $"{s.Value} {s.Key}"))}" : "")));
        return ExitCode.Done;
    }
}
