using System.CommandLine;
using Interlace.Artefacts;
using Interlace.Reporting;
using Interlace.Runs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>run EXPERIMENT.json --out RUN</c>: every stage that is not done yet.
/// <c>demo</c> is such a run over the model that ships with the program.</summary>
internal static class RunCommand
{
    private static readonly Argument<string> File0 =
        new("EXPERIMENT.json") { Description = "Experiment file; its relative paths start at its folder." };
    private static readonly Option<string> Target = StageOptions.Out("Folder for everything that the run makes; at last report.html.",
        "RUN");
    private static readonly Option<string> DemoTarget =
        new("--out") { Description = "Folder for everything that the run makes; at last report.html.", HelpName = "RUN",
        DefaultValueFactory = _ => "interlace-demo" };
    private static readonly Option<bool> Serves =
        new("--serve") { Description = "Then serve the model as it was, dropped and tuned, with a page that compares them." };

    public static Verb Create() =>
        new("run", "Run an experiment: calibrate, plan, prune, fine-tune, evaluate and report, as far as that is not done yet; "
            + "every line of it where it has variants.",
        ["interlace run experiments/qwen3-vl-8b-25.json --out run",
            "interlace run experiments/qwen3-vl-8b-25.json --out run-2e-5 --set finetune.learning_rate=2e-5"],
        invocation => Run(invocation, "run", invocation.Get(File0), invocation.Get(Target)!), resumes: true) { File0, Target,
            PaperCommand.Discard, PaperCommand.RanksPerLine, CommonOptions.Recipe, CommonOptions.Set };

    public static Verb CreateDemo() => new("demo", "See the whole method on the small model that ships with the program, in minutes.",
        ["interlace demo", "interlace demo --serve", "interlace demo --out demo-15 --ratio 0.15"], RunDemo, resumes: true)
    {
        DemoTarget, StageOptions.Ratio, StageOptions.Method, Serves, ServeCommand.Port, CommonOptions.Set,
    };

    private static int RunDemo(Invocation invocation)
    {
        string file = DemoExperiment(), target = invocation.Get(DemoTarget)!;
        int code = Run(invocation, "demo", file, target);
        return code == ExitCode.Done && invocation.Get(Serves) ? ServeCommand.ServeRun(invocation, file, target) : code;
    }

    private static string DemoExperiment() =>
        Path.Combine(AppContext.BaseDirectory, "demo", "experiment.json") is var path && File.Exists(path) ? path
        : throw new InputException($"The demo's files are missing: {path} is not there. Build or publish the program again.");

    private static int Run(Invocation invocation, string command, string file, string target)
    {
        var experiment = invocation.Hub.Local(invocation.Experiment(file));
        if (experiment.Variants is not null) return PaperCommand.Run(invocation, command, experiment, target, file);
        if (invocation.Get(PaperCommand.RanksPerLine) is not null)
        {
            throw new InputException($"{PaperCommand.RanksPerLine.Name} is for experiments with variants, and {file} has none: "
                + "leave it out.");
        }
        var job = invocation.Job(experiment);
        Preflight.Check(experiment, !invocation.Force && OutFolder.Holds(target, command, experiment) ? target : null);
        using var folder = invocation.OpenOut(target, command, experiment, file);
        invocation.Log($"{(folder.Resumed ? "Going on with" : "Beginning")} the run in {folder.Path}: "
            + $"{PaperCommand.Described(job.Compute)}. Ctrl-C ends it; the same command goes on.");
        var data = new Pipeline(job, folder.Path).Run();
        invocation.Print(() => StrictJson.Read(Path.Combine(folder.Path, RunFolder.Summary))!, console => Draw(console, data, folder.Path));
        return ExitCode.Done;
    }

    private static void Draw(IAnsiConsole console, ReportData data, string folder)
    {
        if (data.Plan is { } plan)
        {
            console.WriteLine();
            console.WriteLine(PlanRow.Text(plan));
        }
        if (data.Models.Count > 0)
        {
            var table = new Table().AddColumn("");
            foreach (var benchmark in data.Models[0].Benchmarks)
                table.AddColumn(new TableColumn(Markup.Escape(benchmark.Benchmark)).RightAligned());
            table.AddColumn(new TableColumn("average").RightAligned());
            foreach (var model in data.Models)
                table.AddRow([model.Name, .. model.Benchmarks.Select(b => $"{b.Score:0.0}"), $"[bold]{model.Average:0.0}[/]"]);
            console.Write(table);
        }
        if (data.Likelihoods.Count > 0) ModelLikelihoodsView.Draw(console, data.Likelihoods);
        if (data.ShareRegained is { } share) console.WriteLine($"Recovery won back {share:0 %} of what dropping the layers cost.");
        console.WriteLine($"{data.Stages.Sum(s => s.Seconds):0} s in all "
            + $"({string.Join(", ", data.Stages.Select(s => $"{s.Name} {s.Seconds:0.0}"))}); "
            + $"at most {Layout.Bytes(data.PeakMemoryBytes ?? 0)} of memory");
        console.WriteLine($"Look at {Path.Combine(folder, RunFolder.Report)}");
    }
}
