using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;
using Interlace.Outputs;
using Interlace.Reporting;
using Interlace.Vlm;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>report RUN...</c>: the runs in the form of the paper's tables and figures.</summary>
internal static class ReportCommand
{
    private static readonly Argument<string[]> Runs = new("RUN") { Description = "Folders of runs, of matrices of runs, or of evaluations.",
        Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string?> Target =
        new("--out") { Description = "Folder for report.html, report.md, figures and tables; the first RUN where absent.",
        HelpName = "DIR" };

    public static Verb Create() =>
        new("report",
            "Report runs as the paper does: its tables and figures from whatever was run, as a page, Markdown, drawings and numbers.",
        ["interlace report run", "interlace report run-10 run-15 run-20 run-25 --out report",
            "interlace report matrix-8b matrix-4b --out report --json"], Run) { Runs, Target };

    private static int Run(Invocation invocation)
    {
        string[] runs = invocation.Get(Runs);
        string target = invocation.Get(Target) ?? runs[0];
        CheckTarget(target, runs);
        var report = PaperReport.Write(runs, target);
        invocation.Print(() => Json(report, target), console => Draw(console, report, target));
        return ExitCode.Done;
    }

    /// <summary>A report may be written into a run, into a new folder, and over an earlier report.</summary>
    private static void CheckTarget(string target, string[] runs)
    {
        if (File.Exists(target)) throw new InputException($"{target} is a file: name a folder to write to.");
        bool own = runs.Any(run => RealPath.Of(run) == RealPath.Of(target));
        bool HasReport() => File.Exists(Path.Combine(target, RunFolder.Report)) && File.Exists(Path.Combine(target, PaperReport.Markdown));
        if (!own && EmptyFolder.IsTaken(target) && !HasReport())
            throw new InputException($"{target} is not empty and holds no report: name another folder.");
    }

    private static JsonObject Json(WrittenReport report, string target)
    {
        var json = Results(report, target);
        if (report.Likelihoods.Count > 0)
            json["likelihoods"] = new JsonArray([.. report.Likelihoods.Select(model => (JsonNode)new JsonObject
            {
                ["model"] = model.Model, ["treatments"] = ModelLikelihoods.ToJson(model.Treatments),
            })]);
        return json;
    }

    private static JsonObject Results(WrittenReport report, string target) => new()
    {
        ["folder"] = target,
        ["files"] = new JsonArray([.. report.Files.Select(file => (JsonNode)file)]),
        ["results"] = new JsonArray([.. report.Results.Select(result => (JsonNode)new JsonObject
        {
            ["model"] = result.Model, ["treatment"] = result.Treatment, ["setting"] = result.Setting,
            ["average"] = result.Average, ["average_interval"] = Ends(result.AverageInterval), ["relative"] = result.Relative,
            ["relative_interval"] = Ends(result.RelativeInterval),
            ["runs"] = new JsonArray([.. result.Runs.Select(run => (JsonNode)run)]),
        })]),
    };

    private static JsonArray? Ends(Interval? interval) => interval is { } i ? [i.Low, i.High] : null;

    private static void Draw(IAnsiConsole console, WrittenReport report, string target)
    {
        if (report.Results.Count > 0)
        {
            var table = Layout.Table("", "average", "interval", "relative to dense", "interval");
            string Number(double? value) => value is { } known ? Layout.Number(known, "0.0") : "";
            string Span(Interval? interval) => interval is { } i ? $"{Layout.Number(i.Low, "0.0")} to {Layout.Number(i.High, "0.0")}" : "";
            foreach (var result in report.Results)
                table.AddRow([Markup.Escape($"{result.Model}: {result.Treatment}"), Number(result.Average), Span(result.AverageInterval),
                    Number(result.Relative), Span(result.RelativeInterval)]);
            console.Write(table);
        }
        foreach (var (model, treatments) in report.Likelihoods) ModelLikelihoodsView.Draw(console, treatments, model);
        console.WriteLine($"{report.Files.Count} files; look at {Path.Combine(target, RunFolder.Report)}");
    }
}
