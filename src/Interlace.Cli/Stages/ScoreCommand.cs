using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Files;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>score RUN</c> scores the answers of an evaluation again;
/// <c>score FILE --kind K</c> scores predictions that were made elsewhere. No model is loaded.</summary>
internal static class ScoreCommand
{
    private static readonly Argument<string> Source =
        new("RUN|FILE") { Description = "Folder of an evaluation or of a whole run; "
            + "or a .jsonl, .json, .tsv or .csv file of predictions, .gz allowed." };
    private static readonly Option<string?> Kind = new("--kind")
    {
        Description = "What a file of predictions answers: "
            + "a known benchmark, "
            + $"or a kind ({string.Join(", ", Enum.GetValues<BenchmarkKind>().Select(Benchmarks.KindName))}).", HelpName = "KIND",
    };
    private static readonly Option<string?> Table =
        new("--table") { Description = "The benchmark table to which a file's indices refer; without it every record carries its question.",
        HelpName = "TABLE.tsv" };
    private static readonly Option<string?> Target = new("--out") { Description = "Folder for the scores of a file of predictions.",
        HelpName = "RUN" };

    public static Verb Create() => new("score", "Score answers again, by other rules or with a judge, or score predictions made elsewhere.",
    [
        "interlace score run/evaluated/recovered --rules 2026-08",
        "interlace score run/evaluated/recovered --judge endpoint --judge-endpoint https://api.openai.com/v1 --judge-model gpt-4o-mini",
        "interlace score predictions.jsonl.gz --kind yes-no --table POPE.tsv --out scored",
    ], Run)
    {
        Source, Kind, Table, Target, StageOptions.Benchmarks, StageOptions.Rules, StageOptions.Judge, StageOptions.JudgeEndpoint,
            StageOptions.JudgeModel, StageOptions.JudgeReplies, CommonOptions.Config, CommonOptions.Set,
    };

    private static int Run(Invocation invocation)
    {
        string source = invocation.Get(Source);
        var experiment = invocation.Experiment();
        var stage = new ScoreStage(experiment, invocation.Progress, invocation.Log, invocation.Cancellation);
        var scored = File.Exists(source) ? [("", OfFile(invocation, stage, source, experiment))] : OfRuns(invocation, stage, source);
        if (invocation.Json)   // drawn scores say it themselves
            foreach (string warning in scored.SelectMany(s => s.Item2.Remarks)) invocation.Log(warning);
        invocation.Print(
            () =>
                scored.Length == 1 ? scored[0].Item2.ToJson() : new JsonArray([.. scored.Select(s =>
                    (JsonNode)new JsonObject { ["name"] = s.Item1, ["scores"] = s.Item2.ToJson() })]),
            console =>
            {
                foreach (var (name, scores) in scored)
                {
                    if (scored.Length > 1) console.WriteLine(name);
                    new ScoresView(scores).Draw(console);
                }
            });
        return ExitCode.Done;
    }

    private static ScoresFile OfFile(Invocation invocation, ScoreStage stage, string file, Experiment experiment)
    {
        string kind = invocation.Get(Kind)
            ?? throw new InputException("What a file of predictions answers is not known: name a kind or a known benchmark with --kind.");
        string name = Path.GetFileName(file).Split('.')[0];
        var benchmark = Benchmarks.Find(kind) ?? new(PlainName.FaultOf(name) is null
            ? name : "predictions", Path.GetFileName(invocation.Get(Table) ?? file), Benchmarks.ParseKind(kind));
        string? target = invocation.Get(Target);
        return stage.Recorded(file, benchmark, invocation.Get(Table), target is null
            ? null : invocation.OpenOut(target, "score", experiment, file, invocation.Get(Table)).Path);
    }

    private static (string, ScoresFile)[] OfRuns(Invocation invocation, ScoreStage stage, string source)
    {
        if (!Directory.Exists(source)) throw new InputException($"There is no file or folder {source}.");
        foreach (var option in (Option<string?>[])[Kind, Table, Target])
            if (invocation.Get(option) is not null)
            {
                throw new InputException($"{option.Name} belongs to a file of predictions; "
                    + $"{source} is the folder of a run, which says itself what was answered.");
            }
        using var whole = FolderLock.Take(RunFolder.Of(source));
        return [.. RunFolder.EvaluationsIn(source, AnswersFile.Name).Select(run => (run.Name, stage.Run(run.Folder)))];
    }
}
