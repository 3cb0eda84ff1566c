using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Evaluation;
using Interlace.Vlm;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>evaluate MODEL --benchmarks FOLDER --out RUN</c>: answers and scores.</summary>
internal static class EvaluateCommand
{
    private static readonly Option<string> Target = StageOptions.Out("Folder for predictions and scores.json.", "RUN");

    public static Verb Create() => new("evaluate", "Answer benchmark tables and score the answers by VLMEvalKit's rules.",
    [
        "interlace evaluate run/tuned --benchmarks LMUData --out run/evaluated/recovered",
        "interlace evaluate run/tuned --benchmarks LMUData --out run/evaluated/recovered --only AI2D,POPE --limit 200 --protocol cot",
    ], Run)
    {
        StageOptions.Model, StageOptions.Benchmarks, StageOptions.Only, StageOptions.Limit, StageOptions.Protocol, Target, CommonOptions.Config, CommonOptions.Set,
    };

    private static int Run(Invocation invocation)
    {
        var experiment = invocation.Experiment() with { Model = invocation.Get(StageOptions.Model) };
        var compute = invocation.Compute();
        using var model = ModelFamilies.Open(experiment.Model, compute.Device, compute.Type, experiment.Complete().Data!.MaxPixels);
        if (model.Processor.Warning is { } warning) invocation.Log(warning);
        var folder = OutFolder.Open(invocation.Get(Target)!, "evaluate", experiment, invocation.Force);
        var scores = new Evaluator(model, compute, experiment, folder.Path).Run("evaluate", invocation.Progress, invocation.Cancellation);
        invocation.Print(() => JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, ScoresFile.Name)))!, console => Draw(console, scores));
        return ExitCode.Done;
    }

    private static void Draw(IAnsiConsole console, ScoresFile scores)
    {
        var table = new Table().AddColumns("benchmark", "score", "95 % interval", "headline", "not extracted", "cut off", "rows");
        foreach (var b in scores.Benchmarks)
            table.AddRow(Markup.Escape(b.Name), b.Percent is { } p ? $"{p:0.0}" : "not evaluated", b.Interval is [var low, var high] ? $"{low:0.0} - {high:0.0}" : "", Markup.Escape(b.Headline),
                b.ExtractionFailureRate is { } rate ? $"{rate:0.0 %}" : "", $"{b.TruncatedRate:0.0 %}", $"{b.Rows}");
        console.Write(table);
        console.WriteLine($"average {scores.Average:0.0}; {scores.Settings.Protocol} protocol, at most {scores.Settings.MaxNewTokens} new tokens, greedy, rules {scores.Settings.Rules}, judge {scores.Settings.Judge}");
        foreach (var b in scores.Benchmarks.Where(b => b.Note is not null)) console.WriteLine($"{b.Name}: {b.Note}");
    }
}
