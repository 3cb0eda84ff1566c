using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Evaluation;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Generation;

namespace Interlace.Cli;

/// <summary><c>evaluate MODEL --benchmarks FOLDER --out RUN</c>: answers and scores.</summary>
internal static class EvaluateCommand
{
    private static readonly Option<string> Target = StageOptions.Out("Folder for predictions and scores.json.", "RUN");

    public static Verb Create() => new("evaluate", "Answer benchmark tables and score the answers by VLMEvalKit's rules.",
    [
        "interlace evaluate run/tuned --benchmarks LMUData --out run/evaluated/recovered",
        "interlace evaluate run/tuned --benchmarks LMUData --out run/evaluated/recovered --only AI2D,POPE --limit 200 --protocol cot",
        "interlace evaluate run/tuned --benchmarks LMUData --out run/sampled --sampling qwen --set "
            + "evaluate.overrides.OCRBench.max_new_tokens=100",
    ], Run, resumes: true)
    {
        ModelOptions.Model, StageOptions.Benchmarks, StageOptions.Only, StageOptions.Limit, StageOptions.Protocol, StageOptions.Sampling,
            StageOptions.Rules, StageOptions.Judge, StageOptions.JudgeEndpoint, StageOptions.JudgeModel, StageOptions.JudgeReplies, Target,
            CommonOptions.Config, CommonOptions.Recipe, CommonOptions.Set,
    };

    private static int Run(Invocation invocation)
    {
        var experiment = invocation.Experiment() with { Model = invocation.Get(ModelOptions.Model) };
        var job = invocation.Job(experiment);
        using var model = ModelOptions.Open(invocation, job.Compute, job.Experiment.Data!.MaxPixels);
        // Before an earlier run is deleted.
        using var tables = Evaluator.OpenTables(experiment, model.Processor.ReadsImages, invocation.Log);
        using var folder = invocation.OpenOut(invocation.Get(Target)!, "evaluate", experiment);
        var scores = new Evaluator(model, job, folder.Path).Run(tables);
        if (invocation.Json)   // drawn scores say it themselves
            foreach (string remark in scores.Remarks) invocation.Log(remark);
        var rates = EvaluationFolder.ReadRates(folder.Path, scores.Benchmarks.Select(b => b.Name));
        invocation.Print(() => WithRates(scores, rates), new ScoresView(scores, rates).Draw);
        return ExitCode.Done;
    }

    /// <summary>The scores with what their file must not hold: times.</summary>
    private static JsonNode WithRates(ScoresFile scores, IReadOnlyList<AnswerRate> rates)
    {
        JsonNode json = scores.ToJson();
        json["speed"] = AnswerRate.ToJson(rates);
        return json;
    }
}
