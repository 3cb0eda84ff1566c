using System.Text.Json.Nodes;
using Interlace.DemoModel;
using Interlace.Evaluation;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Evaluation;

/// <summary>Greedy answers of the first demo model to its benchmark questions, in fp32, against the reference's; and the logits of the one in the repository.</summary>
public class DemoTests
{
    /// <summary>The models that can be made again here: a tuned one cannot.</summary>
    public static TheoryData<string> Models => [.. FirstDemo.Runs.Where(run => run is "dense" or "dropped")];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Models)), Trait("Category", "Golden")]
    public void Answers_and_scores_are_the_reference_s(string model)
    {
        var (published, plan) = FirstDemo.Recorded(model);
        using var scratch = new ScratchFolder();
        string checkpoint = Shared.Require("demo", "model");
        if (plan is not null)
        {
            using (var dense = Checkpoint.Open(checkpoint))
                LayerRemoval.Prune(checkpoint,
                    PruningPlan.Create(DecoderLayout.Of(dense).LayerCount, Ints(plan["drop"]!), Ints(plan["tune"]!)),
                    scratch.At("dropped"));
            checkpoint = scratch.At("dropped");
        }
        var experiment = new Experiment(Model: checkpoint, Evaluate: new(FirstDemo.Tables(scratch), MaxNewTokens: 10));
        using var loaded = LoadedModel.Open(checkpoint, CPU, ScalarType.Float32);
        var scores = new Evaluator(loaded, new Job(experiment, Demo.Fp32), scratch.At("run")).Run();

        string folderOfRun = scratch.At("run");
        byte[] Bytes(params string[] parts) => File.ReadAllBytes(Path.Combine([folderOfRun, .. parts]));
        byte[] scored = Bytes(ScoresFile.Name), predictions = Bytes("predictions", scores.Benchmarks[0].Name + ".jsonl");
        new ScoreStage(experiment).Run(folderOfRun);
        Assert.Equal(scored, Bytes(ScoresFile.Name));
        // Other rules are another score of the same answers, not another evaluation.
        var head = new Evaluator(loaded, new Job(experiment with { Evaluate = experiment.Evaluate! with { Rules = "2026-08" } }, Demo.Fp32), folderOfRun).Run();
        Assert.Equal("2026-08", head.Settings.Rules);
        Assert.Equal(predictions, Bytes("predictions", scores.Benchmarks[0].Name + ".jsonl"));
        Assert.Equal(plan is null ? ("dense", 0) : ("pruned", Ints(plan["drop"]!).Length),
            (scores.Inputs.History!.Kind, scores.Inputs.History.DroppedLayers));

        int same = 0, total = 0;
        foreach (var (table, expected) in FirstDemo.Answers[model]!.AsObject())
        {
            var ours = EvaluationFolder.ReadAnswers(scratch.At("run"), table);
            Assert.Equal(expected!.AsObject().Count, ours.Count);
            foreach (var (index, text) in expected.AsObject())
            {
                total++;
                if (ours[index].Prediction == text!.GetValue<string>()) same++;
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{model}: {same} of {total} answers are the reference's; average {scores.Average:0.00}");
        Assert.True(same >= 0.99 * total, $"{same} of {total} answers are the reference's");
        foreach (var benchmark in scores.Benchmarks.Where(benchmark => published[benchmark.Name] is not null))
        {
            // Two questions, or two groups of a circular benchmark.
            double units = benchmark.SubScores.Count > 0 && benchmark.Headline.Contains("circular", StringComparison.Ordinal) ? benchmark.Rows / 4.0 : benchmark.Rows;
            Assert.True(Math.Abs(published[benchmark.Name]!.GetValue<double>() - benchmark.Percent!.Value) <= 200 / units + 0.05, $"{benchmark.Name}: {benchmark.Percent} for {published[benchmark.Name]}");
        }
    }

    [Fact]
    public void The_model_in_the_repository_gives_the_logits_that_are_written_beside_it()
    {
        using var scratch = new ScratchFolder();
        Packing.WriteLogits(Demo.Model, Demo.Tables, scratch.At("logits.json"));
        JsonArray expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Demo.Root, Packing.LogitsName)))!["questions"]!.AsArray(), now = JsonNode.Parse(File.ReadAllText(scratch.At("logits.json")))!["questions"]!.AsArray();
        Assert.Equal(5, expected.Count);
        Assert.Equal(expected.Count, now.Count);
        foreach (var (golden, ours) in expected.Zip(now))
        {
            foreach (string key in new[] { "table", "index", "question", "expected", "answer", "prompt_ids", "top_ids" }) Assert.Equal(golden![key]!.ToJsonString(), ours![key]!.ToJsonString());
            foreach (var (logit, other) in golden!["top_logits"]!.AsArray().Zip(ours!["top_logits"]!.AsArray())) Assert.Equal(logit!.GetValue<float>(), other!.GetValue<float>(), 1e-3f);
        }
    }

    private static int[] Ints(JsonNode node) => [.. node.AsArray().Select(n => n!.GetValue<int>())];
}
