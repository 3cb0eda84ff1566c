using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

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
    public static ReportData Read(string folder, Experiment experiment, IReadOnlyList<StageCost> stages, long? peakMemory) =>
        Read(folder, experiment, stages, peakMemory,
            [.. ModelNames.Select(name => (name, Path.Combine(folder, RunFolder.Evaluated, name)))]);

    /// <summary>The same of evaluations that may lie elsewhere.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="experiment">Its settings.</param>
    /// <param name="stages">What its stages cost.</param>
    /// <param name="peakMemory">Highest memory use in bytes.</param>
    /// <param name="evaluated">Evaluations by what their model is called, the baseline first; absent ones are left out.</param>
    internal static ReportData Read(string folder, Experiment experiment, IReadOnlyList<StageCost> stages, long? peakMemory,
        IReadOnlyList<(string Name, string Folder)> evaluated)
    {
        string model = experiment.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(experiment.Model ?? folder)));
        var (scores, examples) = Evaluations(evaluated, experiment);
        LikelihoodRun[] likelihoods = [.. evaluated.Where(run => LikelihoodRun.IsIn(run.Folder))
            .Select(run => LikelihoodRun.Load(run.Name, run.Folder))];
        return new($"{model}, pruned by {experiment.Complete().Plan!.Ratio:0.##%}", model, ProgramVersion.CreatedBy)
        {
            Seed = experiment.Seed,
            Protocol = Protocol(scores),
            Settings = StrictJson.Parse(ExperimentFile.ToJson(experiment)),
            Similarity = Similarity(Path.Combine(folder, LayerSimilarity.Name)),
            Plan = PlanOf(folder, experiment),
            Training = Training(Path.Combine(folder, RunFolder.Tuned, TrainingLog.Name)),
            Models = [.. scores.Where(run => run.Scores.Average is not null).Select(run => Scores(run, scores[0]))],
            Likelihoods = [.. likelihoods.Select(run => ModelLikelihoods.Of(run.Name, [(run, likelihoods[0])]))],
            Remarks = [.. scores.SelectMany(run => run.Scores.Remarks).Concat(likelihoods.SelectMany(run => run.File.Remarks))
                .Distinct(StringComparer.Ordinal)],
            Examples = examples,
            Stages = stages,
            PeakMemoryBytes = peakMemory,
        };
    }

    private static string? Protocol(IReadOnlyList<ScoredRun> scores) => scores.Count == 0 ? null
        : $"{scores[0].Scores.Settings.Protocol} protocol, at most {scores[0].Scores.Settings.MaxNewTokens} new tokens, "
            + $"{scores[0].Scores.Settings.HowSampled()}, {scores[0].Scores.Settings.Prompts} prompts, "
            + $"rules {scores[0].Scores.Settings.Rules}, judge {scores[0].Scores.Settings.Judge}; relative to {scores[0].Name}";

    internal static SimilarityData? Similarity(string path)
    {
        if (!File.Exists(path)) return null;
        var similarity = LayerSimilarity.Load(path);
        // no triplets in a model of two layers
        SpanSimilarity Span(int length) =>
            similarity.Spans.FirstOrDefault(s => s.Length == length) ?? new(length, [], [], [], [], new Dictionary<string, double[]>());
        return new(Span(1).Mean, Span(3).Mean, Span(1).StandardError, Span(3).StandardError, similarity.Tokens.Values.Sum(),
            similarity.Samples, similarity.Sinks);
    }

    /// <summary>The plan in a file as reports draw it; null where there is no such file.</summary>
    /// <param name="path">A <c>plan.json</c>.</param>
    /// <exception cref="PlanException">It is no valid plan.</exception>
    public static PlanData? Plan(string path)
    {
        if (!File.Exists(path)) return null;
        var plan = PlanFile.Load(path);
        // those of later rounds may have lost a layer between them
        int[] triplets = [.. plan.Origin.Choices.Where(c => c.Layers is [var start, _, var end] && end - start == 2)
            .Where(c => c.Score is not null).Select(c => c.Layers[0])];
        return new(plan.LayerCount, [.. plan.Drop], [.. plan.Tune], [.. plan.Freeze], plan.Origin.ProtectedLayers, triplets,
            plan.Origin.Method, plan.Origin.SinksKept?.ToArray(), null,
            plan.Origin.Compared.Count > 0 ? plan.Origin.Compared : null, plan.Origin.Chosen);
    }

    /// <summary>The plan of a run, and what the guard of layers that write sinks changes about it.</summary>
    private static PlanData? PlanOf(string folder, Experiment experiment)
    {
        var (path, similarity) = (Path.Combine(folder, PlanFile.Name), Path.Combine(folder, LayerSimilarity.Name));
        var (plan, options) = (Plan(path), experiment.Complete().Plan!);
        if (plan is null || options.Rounds > 1 || !File.Exists(similarity)) return plan;
        var measured = LayerSimilarity.Load(similarity);
        if (measured.Sinks is not { Writers.Count: > 0 }) return plan;
        string sentence;
        try
        {
            var other = PlanStage.Run(measured, options with { ProtectSinks = !options.ProtectSinks }, experiment.Seed, folder);
            bool same = plan.Drop.SequenceEqual(other.Drop) && plan.Tune.SequenceEqual(other.Tune);
            string Layers(IEnumerable<int> layers) => layers.Any() ? string.Join(", ", layers) : "none";
            string those = $"drop {Layers(other.Drop)} and tune {Layers(other.Tune)}";
            sentence = (same, options.ProtectSinks) switch
            {
                (true, _) => "Whether they are kept (plan.protect_sinks) makes no difference to this plan.",
                (_, true) => $"They were kept (plan.protect_sinks); without that the plan would {those}.",
                _ => $"The rule of the method does not look at that; with plan.protect_sinks the plan would {those}.",
            };
        }
        catch (InputException e)
        {
            sentence = $"{(options.ProtectSinks ? "Without" : "With")} plan.protect_sinks there is no such plan: {e.Message}";
        }
        return plan with { Guard = sentence };
    }

    internal static TrainingData? Training(string path)
    {
        var rows = TrainingLog.Read(path);
        return rows.Count == 0
            ? null
            : new([.. rows.Select(r => new TrainingRow(r.Step, r.Loss, r.LearningRate, r.GradNorm, r.SamplesPerSecond, r.MemoryBytes))],
            [.. rows.Where(r => r.ValidationLoss is not null).Select(r => new ValidationLoss(r.Step, r.ValidationLoss!.Value))]);
    }

    /// <summary>Scores with intervals; those of the relative performance draw the same questions for both runs.</summary>
    private static ModelScores Scores(ScoredRun run, ScoredRun baseline)
    {
        BenchmarkResult[] scored = [.. run.Scores.Benchmarks.Where(b => b.Percent is not null)];
        bool comparable = scored.Any(b => baseline.Scores.Benchmarks.Any(other => other.Name == b.Name && other.Percent is not null));
        Retained? retained = comparable ? RunComparison.Of([baseline, run], run.Scores.Seed, force: true).Runs[0].Overall : null;
        return new(run.Name, run.Scores.Average!.Value,
            [.. scored.Select(b => new BenchmarkScore(b.Name, b.Percent!.Value, Ends(b.Interval), b.ExtractionFailureRate,
                b.TruncatedRate))],
            Bootstrap.Mean([.. scored.Select(b => run.Outcomes[b.Name])], run.Scores.Seed), retained?.Retention,
                Ends(retained?.RetentionInterval));
    }

    private static Interval? Ends(double[]? interval) => interval is [var low, var high] ? new(low, high) : null;

    private static (IReadOnlyList<ScoredRun> Scores, IReadOnlyList<ExampleQuestion> Examples) Evaluations(
        IReadOnlyList<(string Name, string Folder)> evaluated, Experiment experiment)
    {
        (string Name, string Folder)[] found = [.. evaluated.Where(run => File.Exists(Path.Combine(run.Folder, ScoresFile.Name)))];
        string[] names = [.. found.Select(run => run.Name)];
        var scores = found.Select(run => ScoredRun.Load(run.Name, run.Folder)).ToArray();
        if (names.Length == 0 || experiment.Evaluate?.Benchmarks is not { } tables) return (scores, []);
        var examples = new List<(int Worth, ExampleQuestion Example)>();
        foreach (var (benchmark, path) in Benchmarks.In(tables, experiment.Evaluate.Only))
        {
            using var table = BenchmarkTable.Open(path);
            var answers = found.Select(run => EvaluationFolder.ReadAnswers(run.Folder, benchmark.Name)).ToArray();
            if (Best(benchmark, table, names, answers) is { } best) examples.Add(best);
        }
        return (scores, [.. examples.OrderByDescending(e => e.Worth).Take(ExampleCount).Select(e => e.Example)]);
    }

    /// <summary>The question of a benchmark that shows most: right, then wrong, then right again;
    /// ties go to the first in the table.</summary>
    private static (int Worth, ExampleQuestion Example)? Best(Benchmark benchmark, BenchmarkTable table, string[] names,
        IReadOnlyDictionary<string, Answer>[] answers)
    {
        var rows = table.Rows.Where(row => answers.All(a => a.ContainsKey(row.Index))).ToArray();
        if (rows.Length == 0) return null;
        var right = answers.Select(a => rows.ToDictionary(row => row.Index, row => IsRight(benchmark, row, a[row.Index].Prediction)))
            .ToArray();
        int Worth(BenchmarkRow row) => names.Index().Sum(n => (n.Item == "dropped") != (right[n.Index][row.Index] == true) ? 1 : 0);
        var best = rows.MaxBy(Worth)!;
        var images = table.Images(best);
        return (Worth(best), new(Prompts.Text(benchmark, best), best.Answer ?? "",
            [.. names.Select((name, n) => new ExampleAnswer(name, answers[n][best.Index].Prediction, right[n][best.Index]))],
                images.Count > 0 ? images[0] : null, MediaType(images), benchmark.Name));
    }

    private static bool? IsRight(Benchmark benchmark, BenchmarkRow row, string prediction)
    {
        // One row alone: circular groups are scored by all their rows, an example by its own.
        var plain = benchmark.Kind is BenchmarkKind.Circular or BenchmarkKind.Cycle
            ? benchmark with { Kind = BenchmarkKind.Choice, HeadlineSplit = null }
            : benchmark;
        return Evaluation.Rules.Scores.Of(plain, [new(row, prediction)]).Rows is [var scored] ? scored.Value >= 1 : null;
    }

    private static string MediaType(IReadOnlyList<byte[]> images) =>
        images is [[0xFF, 0xD8, ..], ..] ? "image/jpeg" : images is [[(byte)'R', (byte)'I', ..], ..] ? "image/webp" : "image/png";
}
