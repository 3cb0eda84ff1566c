using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Runs;
using Interlace.Vlm.Engine;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>paper MODEL --data D --benchmarks FOLDER --out OUT</c>:
/// every line of the paper's tables, as far as it is not done yet.</summary>
internal static class PaperCommand
{
    /// <summary>The experiment of the paper's tables, as it ships with the program.</summary>
    internal const string Standard = "experiments/paper.json";

    private static readonly Option<string> Target = StageOptions.Out("Folder for everything that is made; at last report.html.", "OUT");
    internal static readonly Option<bool> Discard =
        new("--discard-models") { Description = "Delete the pruned and the tuned model of a plan once all its lines are scored." };

    internal static readonly Option<int?> RanksPerLine = CommonOptions.Parsed<int?>("--ranks-per-line",
        "Under mpirun: so many ranks work on a line, and as many lines at once as there are such groups "
            + "(default: all ranks on one line after the other).",
        text => int.TryParse(text, out int ranks) && ranks > 0 ? ranks : null, "a positive whole number");

    public static Verb Create() =>
        new("paper", "Run a matrix of experiments on one model: all methods, ratios and baselines of the paper's tables, "
            + "as far as they are not done yet.",
    [
        "interlace paper models/Qwen3-VL-8B-Instruct --data FineVision --benchmarks LMUData --out paper",
        "interlace paper models/Qwen3-VL-8B-Instruct --data FineVision --benchmarks LMUData --config experiments/table-3.json --out "
            + "table-3 --discard-models",
    ], Run, resumes: true) { ModelOptions.Model, StageOptions.Data, StageOptions.Benchmarks, StageOptions.Texts,
        StageOptions.Choices, Target, Discard, RanksPerLine,
        CommonOptions.Config,
        CommonOptions.Recipe, CommonOptions.Set };

    /// <summary>Runs the variants of an experiment.</summary>
    public static int Run(Invocation invocation, string command, Experiment experiment, string target, string? file = null)
    {
        var job = invocation.Job(experiment);
        Matrix.Check(experiment);
        Preflight.Check(experiment, !invocation.Force && OutFolder.Holds(target, command, experiment) ? target : null);
        using var folder = invocation.OpenOut(target, command, experiment, file);
        invocation.Log($"{(folder.Resumed ? "Going on with" : "Beginning")} {experiment.Variants!.Length} lines in {folder.Path}: "
            + $"{Described(job.Compute)}. Ctrl-C ends it; the same command goes on.");
        new Matrix(job, folder.Path) { DiscardModels = invocation.Get(Discard), RanksPerLine = invocation.Get(RanksPerLine) }.Run();
        invocation.Print(() => new JsonObject { ["folder"] = folder.Path, ["report"] = Path.Combine(folder.Path, RunFolder.Report) },
            console => console.WriteLine($"Look at {Path.Combine(folder.Path, RunFolder.Report)}"));
        return ExitCode.Done;
    }

    /// <summary>Where and in which type a run computes, for its first line.</summary>
    internal static string Described(Compute compute)
    {
        string threads = compute.Threads == 1 ? "thread" : "threads";
        return $"{compute.TypeName} on {compute.Device.type.ToString().ToLowerInvariant()}, {compute.Threads} {threads}";
    }

    private static int Run(Invocation invocation)
    {
        var experiment = StageOptions.WithTexts(invocation, invocation.Experiment(standard: StandardExperiment));
        experiment = invocation.Hub.Local(experiment with { Model = invocation.Get(ModelOptions.Model) });
        return Run(invocation, "paper", experiment with { Model = Path.GetFullPath(experiment.Model!) }, invocation.Get(Target)!);
    }

    private static Experiment StandardExperiment(string recipe)
    {
        using var stream = typeof(PaperCommand).Assembly.GetManifestResourceStream("paper.json")!;
        using var reader = new StreamReader(stream);
        var experiment = ExperimentFile.Parse(reader.ReadToEnd(), Standard, recipe);
        // the command line names them
        return experiment with { Name = null, Model = null, Data = experiment.Data! with { Path = null },
            Evaluate = experiment.Evaluate! with { Benchmarks = null } };
    }
}
