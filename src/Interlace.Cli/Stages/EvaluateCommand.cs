using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Evaluation;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Scoring;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Generation;

namespace Interlace.Cli;

/// <summary>
/// <c>evaluate MODEL --benchmarks FOLDER --texts FILE... --choices FILE... --out RUN</c>: answers and scores, perplexities and choices.
/// </summary>
internal static class EvaluateCommand
{
    private static readonly Option<string> Target = StageOptions.Out("Folder for predictions and scores.json, or likelihoods.json.", "RUN");

    public static Verb Create() => new("evaluate",
        "Answer benchmark tables and score the answers by VLMEvalKit's rules; take the perplexity of texts, and choices by likelihood.",
    [
        "interlace evaluate run/tuned --benchmarks LMUData --out run/evaluated/recovered",
        "interlace evaluate run/tuned --benchmarks LMUData --out run/evaluated/recovered --only AI2D,POPE --limit 200 --protocol cot",
        "interlace evaluate run/tuned --benchmarks LMUData --out run/sampled --sampling qwen --set "
            + "evaluate.overrides.OCRBench.max_new_tokens=100",
        "interlace evaluate run/tuned --texts test.technical.jsonl test.narrative.jsonl --choices choices.jsonl --out run/texts",
    ], Run, resumes: true)
    {
        ModelOptions.Model, StageOptions.Benchmarks, StageOptions.Texts, StageOptions.Choices, StageOptions.Only, StageOptions.Limit,
            StageOptions.Protocol, StageOptions.Sampling, StageOptions.Rules, StageOptions.Judge, StageOptions.JudgeEndpoint,
            StageOptions.JudgeModel, StageOptions.JudgeReplies, Target, CommonOptions.Config, CommonOptions.Recipe, CommonOptions.Set,
    };

    private static int Run(Invocation invocation)
    {
        var experiment = invocation.Hub.LocalModel(
            StageOptions.WithTexts(invocation, invocation.Experiment()) with { Model = invocation.Get(ModelOptions.Model) });
        var options = experiment.Evaluate!;
        var job = invocation.Job(experiment);
        using var model = job.Open(experiment.Model!);
        // Before an earlier run is deleted.
        var files = LikelihoodStage.Open(options);
        using var tables = options.Benchmarks is null && files.Count > 0 ? null
            : Evaluator.OpenTables(experiment, model.Processor.ReadsImages, invocation.Log);
        using var folder = invocation.OpenOut(invocation.Get(Target)!, "evaluate", experiment);
        var likelihoods = files.Count == 0 ? null : new LikelihoodStage(model, job, folder.Path).Run(files);
        var scores = tables is null ? null : new Evaluator(model, job, folder.Path).Run(tables);
        if (invocation.Json)   // what is drawn says it itself
            foreach (string remark in (likelihoods?.Remarks ?? []).Concat(scores?.Remarks ?? [])) invocation.Log(remark);
        var rates = EvaluationFolder.ReadRates(folder.Path, scores?.Benchmarks.Select(b => b.Name) ?? []);
        invocation.Print(() => Json(scores, rates, likelihoods), console =>
        {
            if (likelihoods is not null) new LikelihoodsView(likelihoods).Draw(console);
            if (scores is not null) new ScoresView(scores, rates).Draw(console);
        });
        return ExitCode.Done;
    }

    /// <summary>The scores, where there are any, and beside them what was found without generating.</summary>
    private static JsonNode Json(ScoresFile? scores, IReadOnlyList<AnswerRate> rates, LikelihoodsFile? likelihoods)
    {
        JsonNode json = scores is null ? new JsonObject() : WithRates(scores, rates);
        if (likelihoods is not null) json["likelihoods"] = likelihoods.ToJson();
        return json;
    }

    /// <summary>The scores with what their file must not hold: times.</summary>
    private static JsonNode WithRates(ScoresFile scores, IReadOnlyList<AnswerRate> rates)
    {
        JsonNode json = scores.ToJson();
        json["speed"] = AnswerRate.ToJson(rates);
        return json;
    }
}
