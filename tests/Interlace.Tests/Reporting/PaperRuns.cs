using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Reporting;

/// <summary>Folders of runs as the program leaves them, made without a model: every question has a difficulty, every model a skill.</summary>
/// <param name="root">Where they lie.</param>
/// <param name="layers">Decoder layers of the model.</param>
/// <param name="maxNewTokens">50 for the limited protocol, 16,384 for the other.</param>
/// <param name="questions">Questions of each benchmark.</param>
internal sealed class PaperRuns(string root, int layers = 36, int maxNewTokens = 50, int questions = 24)
{
    private const double DenseSkill = 0.8;

    private LayerSimilarity? _similarity;

    /// <summary>The benchmarks to score: the paper's twelve unless set.</summary>
    public IReadOnlyList<Benchmark> Benchmarks { get; init; } = Interlace.Evaluation.Tables.Benchmarks.Paper;

    /// <summary>A matrix with everything that the paper compares.</summary>
    public string Matrix(string model)
    {
        File.WriteAllText(At("experiment.json"), new JsonObject { ["model"] = $"/models/{model}", ["evaluate"] = new JsonObject { ["benchmarks"] = "/tables/all" } }.ToJsonString());
        Similarity(root);
        Evaluate(At("dense"), DenseSkill, new("dense", null, 0, null));
        foreach (double ratio in new[] { 0.10, 0.15, 0.20, 0.25 }) Variant("interlace", ratio, 0.78 - ratio, 0.8 - 0.5 * ratio);
        Variant("ordered", 0.25, null, 0.66);
        Variant("train-next", 0.25, null, 0.67);
        Variant("consecutive", 0.25, null, 0.3);
        for (int seed = 0; seed < 3; seed++) Variant("random", 0.25, null, 0.4 + 0.1 * seed, seed, folder: $"random-25-seed{seed}");
        Variant("short-gpt", 0.25, 0.35, null);
        Variant("streamline", 0.25, null, 0.5);
        Variant("short-gpt", 0.25, 0.45, 0.42, named: "sleb");
        Variant("dense", 0.25, null, 0.84);
        Sparse("wanda", "2:4", 0.1);
        Sparse("magnitude", "2:4", 0.09);
        Latency(root, [(layers, "dense"), .. new[] { 3, 5, 7, 9 }.Select(dropped => (layers - dropped, "tuned"))]);
        Timings(root, [("calibrate", 12.5), ("evaluate dense", 30)]);
        return root;
    }

    /// <summary>A run of one plan.</summary>
    public string Ordinary(string model, double ratio = 0.25)
    {
        File.WriteAllText(At("run.json"), new JsonObject { ["format"] = "interlace-run/1", ["command"] = "run", ["settings"] = new JsonObject { ["model"] = $"/models/{model}" } }.ToJsonString());
        Similarity(root);
        Evaluate(At("evaluated", "dense"), DenseSkill, new("dense", null, 0, null));
        Fill(root, Plan("interlace", ratio, 0), 0.78 - ratio, 0.8 - 0.5 * ratio);
        Timings(root, [("calibrate", 6.4), ("finetune", 100)]);
        return root;
    }

    /// <summary>One evaluation.</summary>
    public void Evaluate(string folder, double skill, ModelHistory history, string identity = "dense")
    {
        List<(string, Score)> scores = [];
        List<BenchmarkResult> results = [];
        foreach (var (i, benchmark) in Benchmarks.Index())
        {
            SplitMix64 random = new((ulong)(977 * i));
            SamplingUnit[] units = [.. Enumerable.Range(0, questions).Select(q => new SamplingUnit($"{q}", [random.NextDouble() < skill - 0.02 * (i % 5) ? 1 : 0, 1]))];
            double percent = 100 * units.Average(unit => unit.Sums[0]);
            Score score = new() { Percent = percent, SubScores = new Dictionary<string, double>(), Rows = [], Rule = HeadlineRule.Mean, Units = units };
            var interval = Bootstrap.Headline(score, 0)!.Value;
            scores.Add((benchmark.Name, score));
            results.Add(new(benchmark.Name, "Overall", percent, [interval.Low, interval.High], new Dictionary<string, double>(), 0.0125, 0.05, questions, new Dictionary<string, long>(), null, benchmark.Group));
        }
        Outcomes.Save(Path.Combine(folder, Outcomes.Name), scores);
        EvaluationSettings settings = new(maxNewTokens == 50 ? "limited" : "cot", maxNewTokens, "dataset", "2025-11", "none", null, null, "cpu", "fp32");
        new ScoresFile(ScoresFile.CurrentFormat, ProgramVersion.CreatedBy, settings, 0, new(Identity(identity), new Dictionary<string, string>(), history), [.. results], results.Average(b => b.Percent)).Save(Path.Combine(folder, ScoresFile.Name));
    }

    private void Variant(string method, double ratio, double? dropped, double? tuned, int seed = 0, string? folder = null, string? named = null)
    {
        PruningPlan plan = Plan(method, ratio, seed);
        if (named is not null) plan = plan.With(plan.Origin with { Method = named });
        Fill(At("variants", folder ?? $"{named ?? method}-{100 * ratio:0}"), plan, dropped, tuned);
    }

    private void Fill(string folder, PruningPlan plan, double? dropped, double? tuned)
    {
        PlanFile.Save(plan, Path.Combine(folder, PlanFile.Name));
        ModelHistory History(bool wasTuned) => new(wasTuned ? "pruned and fine-tuned" : "pruned", layers, plan.Drop.Length, plan.Origin.Method);
        if (dropped is { } skill) Evaluate(Path.Combine(folder, "evaluated", "dropped"), skill, History(false), "pruned");
        if (tuned is not { } better) return;
        Evaluate(Path.Combine(folder, "evaluated", "recovered"), better, History(true), "tuned");
        for (int step = 0; step < 40; step++)
            TrainingLog.Append(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "tuned")).FullName, TrainingLog.Name), new(step, 0, 2 * Math.Exp(-step / 15.0) + 1 - better, 1e-5, 1, 32, 900, 100, 20, 1_500_000_000L + step));
        if (folder != root) Timings(folder, [("plan", 0.1), ("prune", 0.5), ("finetune", 60 + plan.Drop.Length), ("evaluate recovered", 25)]);
    }

    private void Sparse(string method, string pattern, double skill)
    {
        string folder = At("variants", $"{method}-{pattern.Replace(":", "of", StringComparison.Ordinal)}", "sparsity.json");
        File.WriteAllText(folder, new JsonObject { ["format"] = "interlace-sparsity/1", ["settings"] = new JsonObject { ["method"] = method, ["pattern"] = pattern } }.ToJsonString());
        Evaluate(Path.Combine(Path.GetDirectoryName(folder)!, "evaluated", "dropped"), skill, new("dense", null, 0, null), "sparse");
    }

    private PruningPlan Plan(string method, double ratio, int seed) =>
        Methods.Plan(method, Evidence.Of(_similarity!, protectedLayers: 2, seed: seed), ratio);

    private void Similarity(string folder)
    {
        SplitMix64 random = new(5);
        double[] layer = [.. Enumerable.Range(0, layers).Select(l => l == 0 ? 0.31 : 0.94 + 0.05 * Math.Sin(Math.PI * l / layers) + 0.004 * random.NextDouble())];
        double[] Mean(int length) => [.. Enumerable.Range(0, layers - length + 1).Select(i => 1 - 1.1 * Enumerable.Range(i, length).Sum(l => 1 - layer[l]))];
        SpanSimilarity Span(int length)
        {
            double[] mean = Mean(length), error = [.. mean.Select(_ => 0.0007)];
            return new(length, mean, error, mean, error, new Dictionary<string, double[]> { ["image"] = [.. mean.Select(m => 100 * m)], ["prompt"] = [.. mean.Select(m => 50 * m)], ["answer"] = [.. mean.Select(m => 50 * m)] });
        }
        int[] spans = [.. Enumerable.Range(1, Math.Max(3, layers / 4 + 1))];
        _similarity = new(LayerSimilarity.CurrentFormat, ProgramVersion.CreatedBy, new(0.01, 0.1, 3, 5, 16384, null, false, spans[^1], 4096, "cpu", "fp32"), 0, new(Identity("dense"), new DataIdentity(1, 100, "d")),
            layers, 2, 30, new Dictionary<string, long> { ["image"] = 100, ["prompt"] = 50, ["answer"] = 50 }, new Dictionary<string, long>(), [.. spans.Select(Span)]);
        _similarity.Save(Path.Combine(folder, LayerSimilarity.Name));
    }

    private void Latency(string folder, IReadOnlyList<(int Layers, string Name)> models)
    {
        Estimate Around(double value) => new(value, [0.98 * value, 1.02 * value]);
        SpeedUp Of(int own) => new(Around(1 + 0.7 * (layers / (double)own - 1)), Around(layers / (double)own), Around(layers / (double)own));
        SpeedUp[] all = [.. models.Skip(1).Select(model => Of(model.Layers))];
        new LatencyFile(LatencyFile.CurrentFormat, ProgramVersion.CreatedBy, new(20, 8, 2, 0, null, "cpu", "fp32", 1),
            [.. models.Select((model, i) => new LatencyModel(i < 2 ? model.Name : $"{model.Name} ({i})", model.Layers, layers / (double)model.Layers, Identity(model.Name)))],
            [.. Benchmarks.Select(b => new BenchmarkLatency(b.Name, b.Group, 20, 300, 80, 0, [.. models.Select(_ => Stages(Around(5)))]))],
            [.. Benchmarks.GroupBy(b => b.Group).SelectMany(group => group.Select(b => new SpeedUpRow(b.Group, b.Name, all)).Append(new(group.Key, null, all))), new(null, null, all)]).Save(Path.Combine(folder, LatencyFile.Name));
    }

    private static ModelLatency Stages(Estimate each)
    {
        double[] measured = [.. Enumerable.Repeat(each.Median, 20)];
        return new(each, each, each, each, each, each, new(measured, measured, measured, measured, measured));
    }

    private static void Timings(string folder, (string Name, double Seconds)[] stages) =>
        File.WriteAllText(Path.Combine(folder, RunFolder.Timings), new JsonArray([.. stages.Select(stage => (JsonNode)new JsonObject { ["name"] = stage.Name, ["seconds"] = stage.Seconds })]).ToJsonString());

    private static ModelIdentity Identity(string name) => new(name, name, new Dictionary<string, long>());

    private string At(params string[] parts)
    {
        string path = Path.Combine([root, .. parts]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
