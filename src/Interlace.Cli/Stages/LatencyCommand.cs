using System.CommandLine;
using Interlace.Artefacts;
using Interlace.Evaluation.Latency;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;

namespace Interlace.Cli;

/// <summary><c>latency MODEL [MODEL...] --benchmarks FOLDER</c>:
/// time to the first token by stage, and each model's speed-up over the first.</summary>
internal static class LatencyCommand
{
    private static readonly LatencyOptions Standard = new();
    private static readonly Argument<string[]> Models =
        new("MODEL") { Description = "Model folders; the others are compared with the first.", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<int?> Samples = Whole("--samples",
        $"Questions of each benchmark, spread over its table (default: {Standard.Samples}).", 1);
    private static readonly Option<int?> NewTokens = Whole("--new-tokens",
        $"Tokens that each model generates after the first (default: {Standard.NewTokens}).", 1);
    private static readonly Option<int?> WarmUp = Whole("--warm-up",
        $"Questions of each benchmark that are asked before and not counted (default: {Standard.WarmUp}).", 0);
    private static readonly Option<string?> Target = new("--out") { Description = "Folder for latency.json.", HelpName = "RUN" };

    public static Verb Create() =>
        new("latency", "Measure time to the first token by stage and time per token, of several models in turns (the paper's Table 4).",
    [
        "interlace latency models/Qwen3-VL-8B-Instruct run/tuned --benchmarks LMUData --out run",
        "interlace latency models/Qwen3-VL-8B-Instruct run-10/tuned run-25/tuned --benchmarks LMUData --only AI2D,HRBench4K --samples "
            + "100 --json",
    ], Run) { Models, StageOptions.Benchmarks, StageOptions.Only, Samples, NewTokens, WarmUp, Target, CommonOptions.Config,
        CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        if (invocation.Ranks.Count > 1)
            throw new InputException("latency measures one device, and several ranks would disturb each other: start it without mpirun.");
        string[] models = [.. invocation.Get(Models).Select(invocation.Hub.Model)];
        string? path = invocation.Get(Target) is { } folder ? Path.Combine(folder, LatencyFile.Name) : null;
        if (path is not null) invocation.CheckOut(path, [.. models, .. invocation.Experiment().InputPaths()]);
        if (path is not null && File.Exists(path) && ArtefactFormat.Of(path) != LatencyFile.CurrentFormat)
            throw new InputException($"{path} is no measurement of Interlace's, and is not replaced: name another folder.");
        if (path is not null && File.Exists(path) && !invocation.Force)
            throw new InputException($"{path} exists: name another folder, or measure anew with --force.");
        var experiment = invocation.Experiment();
        var job = invocation.Job(experiment);
        var options = new LatencyOptions(invocation.Get(Samples) ?? Standard.Samples, invocation.Get(NewTokens) ?? Standard.NewTokens,
            invocation.Get(WarmUp) ?? Standard.WarmUp);
        var latency = LatencyStage.Measure(models, job.Open, job, options);
        if (path is not null) latency.Save(path);
        invocation.Print(() => StrictJson.Parse(latency.ToJson())!, new LatencyView(latency).Draw);
        return ExitCode.Done;
    }

    private static Option<int?> Whole(string name, string help, int least) =>
        CommonOptions.Parsed<int?>(name, help, text => int.TryParse(text, out int number) && number >= least
            ? number : null, $"a whole number of at least {least}");
}
