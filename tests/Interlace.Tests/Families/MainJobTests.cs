using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Evaluation.Asking;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Images;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Families;

/// <summary>The whole main job on the tiny checkpoint of every family, from the command line, by the model's folder alone.</summary>
public sealed class MainJobTests : IDisposable
{
    private static readonly string[] Numbers = ["--device", "cpu", "--dtype", "fp32", "--quiet"];

    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Families => [.. FamilyGoldens.Names];

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void The_whole_main_job_runs_on_a_model_of_every_family(string family) =>
        MainJob(FamilyGoldens.PathOf(family, FamilyGoldens.Published), FamilyGoldens.InNewerLayout(family, _scratch), _scratch);

    [Fact]
    public void The_whole_main_job_runs_on_a_model_with_visual_features_in_its_first_layers() =>
        MainJob(TinyCheckpoints.Tied, TinyCheckpoints.Tied, _scratch);

    [Fact]
    public void The_whole_main_job_runs_on_a_model_with_experts() =>
        MainJob(TinyCheckpoints.Experts, TinyCheckpoints.Experts, _scratch);

    [Fact]
    public void The_whole_main_job_runs_on_a_model_that_reads_text_alone() =>
        MainJob(TinyCheckpoints.Text, TinyCheckpoints.Text, _scratch);

    /// <param name="model">The model that goes through the stages one by one.</param>
    /// <param name="other">The same model, in other files perhaps, that goes through all of them at once.</param>
    /// <param name="scratch">Where everything is written.</param>
    private static void MainJob(string model, string other, ScratchFolder scratch)
    {
        var parent = Run("inspect", model, "--json").Json();
        bool sees = (long)parent["parts"]!["vision"]!["parameters"]! > 0;
        string data = Data(scratch), tables = Tables(scratch);

        var plan = Choose(model, data, (int)parent["layers"]!, sees, scratch);
        string pruned = Prune(model, plan, scratch), tuned = Tune(pruned, data, plan, scratch);
        Ask(model, tuned, tables, sees, scratch);
        Look(model, tuned, data, plan, sees, scratch);
        RunWhole(other, data, tables, sees, scratch);
    }

    /// <summary>Calibrates and plans.</summary>
    private static PruningPlan Choose(string model, string data, int layers, bool sees, ScratchFolder scratch)
    {
        string run = scratch.At("run");
        Run(["calibrate", model, "--data", data, "--rate", "1", "--set", "calibrate.fraction=1", "--out", run, .. Numbers]);
        var similarity = LayerSimilarity.Load(Path.Combine(run, LayerSimilarity.Name));
        Assert.Equal(layers, similarity.Layers);
        Assert.Equal(sees, similarity.Tokens["image"] > 0);
        Assert.Equal(sees, similarity.Spans.All(span => span.Sums["image"].All(sum => sum != 0)));
        Assert.All(similarity.Spans, span => Assert.All(span.Sums["prompt"].Concat(span.Sums["answer"]), sum => Assert.NotEqual(0, sum)));
        // What a model reads is used, and what it does not is counted.
        Assert.Equal(sees ? (9, 1, 0) : (3, 0, 7),
            (similarity.Samples, Skipped(SkipReason.TooManyImages), Skipped(SkipReason.ImageForTextModel)));

        Run("plan", run, "--ratio", ".25");
        var plan = PlanFile.Load(Path.Combine(run, PlanFile.Name));
        Assert.Equal((layers, layers / 4), (plan.LayerCount, plan.Drop.Length));
        Assert.NotEmpty(plan.Tune);
        return plan;

        int Skipped(string reason) => (int)similarity.Skipped.GetValueOrDefault(reason);
    }

    /// <summary>Prunes and verifies.</summary>
    private static string Prune(string model, PruningPlan plan, ScratchFolder scratch)
    {
        string pruned = scratch.At("pruned");
        Run("prune", model, "--plan", scratch.At("run", PlanFile.Name), "--out", pruned);
        Assert.Equal(plan.Kept.Length, (int)Run("inspect", pruned, "--json").Json()["layers"]!);
        var checks = Run(["verify", pruned, "--parent", model, "--json", .. Numbers]).Json();
        Assert.True((bool)checks["holds"]!, checks.ToJsonString());
        string[] names = [.. checks["checks"]!.AsArray().Select(check => (string)check!["name"]!)];
        Assert.Equal(["logits", "decoding"], names[^2..]);
        return pruned;
    }

    /// <summary>Tunes two steps: exactly the tensors of the plan's layers change.</summary>
    private static string Tune(string pruned, string data, PruningPlan plan, ScratchFolder scratch)
    {
        string tuned = scratch.At("tuned");
        Run(["finetune", pruned, "--data", data, "--rate", "1", "--max-steps", "2", "--out", tuned, "--set", "finetune.samples_per_step=2",
            "--set", "finetune.learning_rate=0.01", .. Numbers]);
        using Checkpoint before = Checkpoint.Open(pruned), after = Checkpoint.Open(tuned);
        var layout = DecoderLayout.Of(before);
        string[] wanted = [.. before.Names.Where(name => layout.Parse(name) is { } part && plan.TuneNew.Contains(part.Layer))
            .Order(StringComparer.Ordinal)];
        var record = TrainingRecord.Load(Path.Combine(tuned, TrainingRecord.Name));
        Assert.Equal(2, record.Steps);
        Assert.Equal(wanted, record.TunedParameters.Order(StringComparer.Ordinal));
        Assert.All(TrainingLog.Read(Path.Combine(tuned, TrainingLog.Name)),
            row => Assert.True(row.Loss > 0 && row.GradNorm > 0 && double.IsFinite(row.Loss + row.GradNorm)));
        Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
        Assert.Equal(wanted, before.Names.Where(name => !Bytes(before, name).SequenceEqual(Bytes(after, name)))
            .Order(StringComparer.Ordinal));
        return tuned;
    }

    /// <summary>Generates, evaluates and measures times; a model of text is asked about texts, and refuses pictures.</summary>
    private static void Ask(string model, string tuned, string tables, bool sees, ScratchFolder scratch)
    {
        string picture = scratch.At("picture.png"), answers = scratch.At("answers");
        File.WriteAllBytes(picture, Picture(0));
        string[] shown = ["generate", tuned, "--image", picture, "Which colour is it?", "--max-new-tokens", "3", "--json", .. Numbers];
        if (sees) Assert.InRange((int)Run(shown).Json()["image_tokens"]!, 1, int.MaxValue);
        else Assert.Contains("reads text alone", CommandRun.Of(shown).Refusal(), StringComparison.Ordinal);
        var spoken = Run(["generate", tuned, "Which colour is grass?", "--max-new-tokens", "3", "--json", .. Numbers]).Json();
        Assert.Equal(0, (int)spoken["image_tokens"]!);
        Assert.InRange((int)spoken["new_tokens"]!, 1, 3);

        string[] asked = Asked(sees);
        string[] of = ["--benchmarks", tables, "--only", string.Join(',', asked), .. Numbers];
        Run(["evaluate", tuned, .. of, "--out", answers, "--set", "evaluate.max_new_tokens=3"]);
        foreach (string name in asked)
        {
            var given = EvaluationFolder.ReadAnswers(answers, name);
            Assert.Equal(["0", "1", "2"], given.Keys.Order(StringComparer.Ordinal));
            Assert.All(given.Values, answer => Assert.Equal(name == "Seen", answer.VisualTokens > 0));
        }
        var times = Run(["latency", model, tuned, .. of, "--samples", "2", "--json"]).Json();
        Assert.Equal(asked, times["benchmarks"]!.AsArray().Select(benchmark => (string)benchmark!["name"]!));
        if (sees) return;
        string refused = CommandRun.Of(["evaluate", tuned, "--benchmarks", tables, "--out", scratch.At("none"), .. Numbers]).Refusal();
        Assert.Contains($"Seen.tsv can be asked (3 {SkipReason.ImageForTextModel})", refused, StringComparison.Ordinal);
        Assert.Contains("reads text alone", refused, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch.At("none")));
    }

    /// <summary>Sparsifies, traces and inspects.</summary>
    private static void Look(string model, string tuned, string data, PruningPlan plan, bool sees, ScratchFolder scratch)
    {
        string[] sparsify = ["sparsify", model, "--data", data, "--rate", "1", "--set", "calibrate.fraction=1", "--calibration", "4",
            "--out", scratch.At("sparse"), .. Numbers];
        bool hasExperts = ModelTensors.Expected(model).Keys.Any(name => name.Contains(".experts.", StringComparison.Ordinal));
        if (hasExperts)
        {
            Assert.Contains("has layers with experts", CommandRun.Of(sparsify).Refusal(), StringComparison.Ordinal);
            Assert.False(Directory.Exists(scratch.At("sparse")));
        }
        else
        {
            Run(sparsify);
            var sparse = SparsityFile.Load(scratch.At("sparse", SparsityFile.Name));
            Assert.Equal((plan.LayerCount, 2 * sparse.Zeros), (sparse.Layers.Count, sparse.Parameters));
        }

        var content = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "Which colour is it?" });
        if (sees) content.Insert(0, new JsonObject { ["type"] = "image", ["image"] = "picture.png" });
        File.WriteAllText(scratch.At("messages.json"),
            new JsonObject { ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }) }.ToJsonString());
        string trace = scratch.At("trace.safetensors");
        Run(["trace", tuned, "--input", scratch.At("messages.json"), "--out", trace, .. Numbers]);
        using var traced = SafeTensorsFile.Open(trace);
        var outputs = traced.Tensors.Select(tensor => tensor.Name)
            .Where(name => name.StartsWith("layers.", StringComparison.Ordinal) && name.EndsWith(".output", StringComparison.Ordinal));
        Assert.Equal(plan.Kept.Length, outputs.Count());
        foreach (string made in new[] { "tuned", "trace.safetensors", "sparse", "run", "answers" }.Where(made => made != "sparse" || !hasExperts))
            Assert.NotEmpty(Run("inspect", scratch.At(made)).Out);
    }

    /// <summary>The same from one file, with a report.</summary>
    private static void RunWhole(string model, string data, string tables, bool sees, ScratchFolder scratch)
    {
        File.WriteAllText(scratch.At("experiment.json"), new JsonObject
        {
            ["model"] = model,
            ["data"] = new JsonObject { ["path"] = data, ["rate"] = 1 },
            ["calibrate"] = new JsonObject { ["fraction"] = 1 },
            ["finetune"] = new JsonObject { ["max_steps"] = 1 },
            ["evaluate"] = new JsonObject
            {
                ["benchmarks"] = tables, ["only"] = new JsonArray([.. Asked(sees)]), ["max_new_tokens"] = 2,
            },
        }.ToJsonString());
        Run(["run", scratch.At("experiment.json"), "--out", scratch.At("whole"), .. Numbers]);
        Assert.True(File.Exists(scratch.At("whole", "report.html")));
    }

    /// <summary>Ten rows: an image each, two, four (which are too many), and none.</summary>
    private static string Data(ScratchFolder scratch)
    {
        int[] images = [1, 2, 0, 1, 4, 0, 1, 2, 0, 1];
        TestRow[] rows = [.. images.Select((count, i) => new TestRow(
            [.. Enumerable.Range(0, count).Select(n => Picture(i + n))],
            [.. Enumerable.Range(0, 1 + i % 2).Select(turn => ($"What is number {i + turn}?", $"It is number {10 * i + turn}."))]))];
        ParquetRows.Write(scratch.At("data", "set", "train.parquet"), rows, new());
        return scratch.At("data");
    }

    /// <summary>A table of pictures and one of texts alone.</summary>
    private static string Tables(ScratchFolder scratch)
    {
        string[] texts = [.. Enumerable.Range(0, 3).Select(i => $"Is number {i} red?\t{(i == 1 ? "No" : "Yes")}")];
        File.WriteAllLines(scratch.At("tables", "Read.tsv"),
            ["index\tquestion\tanswer", .. texts.Index().Select(row => $"{row.Index}\t{row.Item}")]);
        var seen = texts.Index().Select(row => $"{row.Index}\t{Convert.ToBase64String(Picture(row.Index))}\t{row.Item}");
        File.WriteAllLines(scratch.At("tables", "Seen.tsv"), ["index\timage\tquestion\tanswer", .. seen]);
        File.WriteAllText(scratch.At("tables", "benchmarks.json"), """
            {"benchmarks": [{"name": "Seen", "file": "Seen.tsv", "kind": "vqa"}, {"name": "Read", "file": "Read.tsv", "kind": "vqa"}]}
            """);
        return scratch.At("tables");
    }

    /// <summary>The tables that a model can be asked.</summary>
    private static string[] Asked(bool sees) => sees ? ["Seen", "Read"] : ["Read"];

    private static byte[] Picture(int seed) =>
        Png.Write(48, 40, 8, 2, [.. Enumerable.Range(0, 48 * 40 * 3).Select(i => (byte)(i * (seed + 3) / 7 + 50 * seed))]);

    private static byte[] Bytes(Checkpoint checkpoint, string name)
    {
        var (file, entry) = checkpoint.Find(name);
        return file.Bytes(entry).ToArray();
    }

    private static CommandRun Run(params string[] line)
    {
        var run = CommandRun.Of(line);
        Assert.True(run.Code == 0, $"{string.Join(' ', line)}: {run.Error}{run.Out}");
        return run;
    }
}
