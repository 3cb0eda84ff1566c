using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Evaluation;
using Interlace.Pruning;
using Interlace.Training;

namespace Interlace.Reporting;

/// <summary>Fills a report from the artefacts of a run folder; what is not there is left out.</summary>
public static class RunReport
{
    private const int ExampleCount = 3;

    /// <summary>Names of the evaluated models, the baseline first.</summary>
    public static IReadOnlyList<string> ModelNames => RunFolder.EvaluatedModels;

    /// <summary>The data of a run's report.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="experiment">Its settings.</param>
    /// <param name="stages">What its stages cost.</param>
    /// <param name="peakMemory">Highest memory use in bytes.</param>
    public static ReportData Read(string folder, Experiment experiment, IReadOnlyList<StageCost> stages, long? peakMemory)
    {
        string model = experiment.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(experiment.Model ?? folder)));
        var (scores, examples) = Evaluations(folder, experiment);
        return new($"{model}, pruned by {experiment.Complete().Plan!.Ratio:0.##%}", model, ProgramVersion.CreatedBy)
        {
            Seed = experiment.Seed,
            Protocol = Protocol(scores),
            Settings = JsonNode.Parse(ExperimentFile.ToJson(experiment)),
            Similarity = Similarity(Path.Combine(folder, RunFolder.Similarity)),
            Plan = Plan(Path.Combine(folder, RunFolder.Plan)),
            Training = Training(Path.Combine(folder, RunFolder.Tuned, TrainingLog.Name)),
            Models = [.. scores.Where(s => s.Scores.Average is not null).Select(s => Scores(s.Name, s.Scores, scores[0].Scores))],
            Examples = examples,
            Stages = stages,
            PeakMemoryBytes = peakMemory,
        };
    }

    private static string? Protocol(IReadOnlyList<(string Name, ScoresFile Scores)> scores) => scores.Count == 0 ? null
        : $"{scores[0].Scores.Settings.Protocol} protocol, at most {scores[0].Scores.Settings.MaxNewTokens} new tokens, {scores[0].Scores.Settings.Sampling}, {scores[0].Scores.Settings.Prompts} prompts, rules {scores[0].Scores.Settings.Rules}, judge {scores[0].Scores.Settings.Judge}; relative to {scores[0].Name}";

    private static SimilarityData? Similarity(string path)
    {
        if (!File.Exists(path)) return null;
        var similarity = LayerSimilarity.Load(path);
        SpanSimilarity Span(int length) => similarity.Spans.First(s => s.Length == length);
        return new(Span(1).Mean, Span(3).Mean, Span(1).StandardError, Span(3).StandardError, similarity.Tokens.Values.Sum(), similarity.Samples);
    }

    private static PlanData? Plan(string path)
    {
        if (!File.Exists(path)) return null;
        var plan = PlanFile.Load(path);
        int[] triplets = [.. plan.Origin.Choices.Where(c => c.Layers.Count == 3).Select(c => c.Layers[0])];
        return new(plan.LayerCount, [.. plan.Drop], [.. plan.Tune], [.. plan.Freeze], plan.Origin.ProtectedLayers, triplets, plan.Origin.Method);
    }

    private static TrainingData? Training(string path)
    {
        var rows = TrainingLog.Read(path);
        return rows.Count == 0 ? null : new([.. rows.Select(r => new TrainingRow(r.Step, r.Loss, r.LearningRate, r.GradNorm, r.SamplesPerSecond, r.MemoryBytes))],
            [.. rows.Where(r => r.ValidationLoss is not null).Select(r => new ValidationLoss(r.Step, r.ValidationLoss!.Value))]);
    }

    private static ModelScores Scores(string name, ScoresFile scores, ScoresFile baseline)
    {
        double? relative = null;
        var pairs = scores.Benchmarks.Zip(baseline.Benchmarks).Where(p => p.First.Percent is not null && p.Second.Percent is > 0).ToArray();
        if (pairs.Length > 0) relative = pairs.Average(p => 100 * p.First.Percent!.Value / p.Second.Percent!.Value);
        return new(name, scores.Average!.Value,
            [.. scores.Benchmarks.Where(b => b.Percent is not null).Select(b => new BenchmarkScore(b.Name, b.Percent!.Value, b.Interval is [var low, var high] ? new(low, high) : null, b.ExtractionFailureRate, b.TruncatedRate))],
            Relative: relative);
    }

    private static (IReadOnlyList<(string Name, ScoresFile Scores)> Scores, IReadOnlyList<ExampleQuestion> Examples) Evaluations(string folder, Experiment experiment)
    {
        string FolderOf(string name) => Path.Combine(folder, RunFolder.Evaluated, name);
        string[] names = [.. ModelNames.Where(name => File.Exists(Path.Combine(FolderOf(name), ScoresFile.Name)))];
        var scores = names.Select(name => (name, ScoresFile.Load(Path.Combine(FolderOf(name), ScoresFile.Name)))).ToArray();
        if (names.Length == 0 || experiment.Evaluate?.Benchmarks is not { } tables) return (scores, []);
        var examples = new List<(int Worth, ExampleQuestion Example)>();
        foreach (var (benchmark, path) in Benchmarks.In(tables, experiment.Evaluate.Only))
        {
            using var table = BenchmarkTable.Open(path);
            var answers = names.Select(name => Evaluator.ReadAnswers(FolderOf(name), benchmark.Name)).ToArray();
            if (Best(benchmark, table, names, answers) is { } best) examples.Add(best);
        }
        return (scores, [.. examples.OrderByDescending(e => e.Worth).Take(ExampleCount).Select(e => e.Example)]);
    }

    /// <summary>The question of a benchmark that shows most: right, then wrong, then right again; ties go to the first in the table.</summary>
    private static (int Worth, ExampleQuestion Example)? Best(Benchmark benchmark, BenchmarkTable table, string[] names, IReadOnlyDictionary<string, Answer>[] answers)
    {
        var rows = table.Rows.Where(row => answers.All(a => a.ContainsKey(row.Index))).ToArray();
        if (rows.Length == 0) return null;
        var right = answers.Select(a => rows.ToDictionary(row => row.Index, row => IsRight(benchmark, row, a[row.Index].Prediction))).ToArray();
        int Worth(BenchmarkRow row) => names.Index().Sum(n => (n.Item == "dropped") != (right[n.Index][row.Index] == true) ? 1 : 0);
        var best = rows.MaxBy(Worth)!;
        var images = table.Images(best);
        return (Worth(best), new(Prompts.Text(benchmark, best), best.Answer ?? "",
            [.. names.Select((name, n) => new ExampleAnswer(name, answers[n][best.Index].Prediction, right[n][best.Index]))], images.Count > 0 ? images[0] : null, MediaType(images), benchmark.Name));
    }

    private static bool? IsRight(Benchmark benchmark, BenchmarkRow row, string prediction)
    {
        // One row alone: circular groups are scored by all their rows, an example by its own.
        var plain = benchmark.Kind is BenchmarkKind.Circular or BenchmarkKind.Cycle ? benchmark with { Kind = BenchmarkKind.Choice, HeadlineSplit = null } : benchmark;
        return Evaluation.Scores.Of(plain, [new(row, prediction)]).Rows is [var scored] ? scored.Value >= 1 : null;
    }

    private static string MediaType(IReadOnlyList<byte[]> images) => images is [[0xFF, 0xD8, ..], ..] ? "image/jpeg" : images is [[(byte)'R', (byte)'I', ..], ..] ? "image/webp" : "image/png";
}
