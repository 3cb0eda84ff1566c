using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting.Paper;

/// <summary>What one model scored under one setting: only such numbers stand beside each other.</summary>
internal sealed class Results
{
    /// <summary>Benchmarks that belong to no group where others do.</summary>
    private const string NoGroup = "no group";

    private readonly Dictionary<(string Run, string Baseline), ComparedRun?> _compared = [];
    private readonly Dictionary<(string Run, string Benchmarks), Interval?> _means = [];
    private readonly Dictionary<string, string?> _groups = new(StringComparer.Ordinal);

    private Results(FoundModel model, string setting, IReadOnlyList<EvaluatedModel> evaluations)
    {
        (Model, Setting, Settings) = (model, setting, evaluations[0].Run.Scores.Settings);
        foreach (BenchmarkResult benchmark in evaluations.SelectMany(evaluation => evaluation.Run.Scores.Benchmarks)
            .Where(b => b.Percent is not null))
            _groups.TryAdd(benchmark.Name, benchmark.Group);
        Benchmarks = [.. _groups.Keys.OrderBy(PlaceOf)];
        Groups = _groups.Values.All(group => group is null) ? [.. Benchmarks.Select(name => (name, (IReadOnlyList<string>)[name]))]
            : [.. Benchmarks.GroupBy(name => _groups[name] ?? NoGroup).OrderBy(group => PlaceOfGroup(group.Key))
            .Select(group => (group.Key, (IReadOnlyList<string>)[.. group]))];
        Outcomes = [.. evaluations.GroupBy(evaluation => evaluation.Treatment)
            .Select(group => new Treated(group.Key, group.Select(run => run.Ratio).FirstOrDefault(ratio => ratio is not null),
            Distinct(group)))
            .OrderBy(outcome => outcome.Treatment.Place).ThenBy(outcome => outcome.Treatment.Detail, StringComparer.Ordinal)
                .ThenBy(outcome => outcome.Treatment.Pattern, StringComparer.Ordinal)
            .ThenBy(outcome => outcome.Treatment.Dropped).ThenBy(outcome => outcome.Treatment.Tuned)];
        Size = Published.Size(model.Name, model.Layers);
    }

    /// <summary>The model.</summary>
    public FoundModel Model { get; }

    /// <summary>How it was asked, in words.</summary>
    public string Setting { get; }

    /// <summary>How it was asked.</summary>
    public EvaluationSettings Settings { get; }

    /// <summary>Rows of tables, in their order.</summary>
    public IReadOnlyList<Treated> Outcomes { get; }

    /// <summary>Benchmarks that any run has a score of, in the paper's order.</summary>
    public IReadOnlyList<string> Benchmarks { get; }

    /// <summary>Groups in the paper's order; each benchmark its own where none has a group.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<string> Benchmarks)> Groups { get; }

    /// <summary>The paper's name of the model's size, where it is one of the paper's.</summary>
    public string? Size { get; }

    /// <summary>What could not be compared without doubt.</summary>
    public SortedSet<string> Differences { get; } = new(StringComparer.Ordinal);

    /// <summary>The model as it is.</summary>
    public Treated? Dense => Outcomes.FirstOrDefault(outcome => outcome.Treatment == Treatment.Dense);

    /// <summary>The model as it is but for its last layers, which were tuned.</summary>
    public Treated? DenseTuned => Outcomes.FirstOrDefault(outcome => outcome.Treatment is { Method: "dense", Tuned: true, Detail: "" });

    /// <summary>The number of layers of which most methods have a result; of equally many the larger.
    /// 0 where nothing was dropped.</summary>
    public int MainDropped => Outcomes.Where(outcome => outcome.Treatment.Dropped > 0).GroupBy(outcome => outcome.Treatment.Dropped)
        .OrderByDescending(group => group.Select(outcome => outcome.Treatment.Method).Distinct().Count())
            .ThenByDescending(group => group.Key).FirstOrDefault()?.Key ?? 0;

    /// <summary>The settings of a model's evaluations, each with its results, in the order in which they were found.</summary>
    public static IEnumerable<Results> Of(FoundModel model) =>
        model.Evaluations.GroupBy(evaluation => evaluation.Setting).Select(group => new Results(model, group.Key, [.. group]));

    /// <summary>Interlace, tuned or not, with so many layers dropped.</summary>
    public Treated? Interlace(int dropped, bool tuned) =>
        Outcomes.FirstOrDefault(outcome => outcome.Treatment == new Treatment("interlace", dropped, null, "", tuned));

    /// <summary>Part of the layers that an outcome dropped.</summary>
    public double? Share(Treated outcome) =>
        outcome.Treatment.Dropped == 0 ? 0 : Model.Layers is { } layers
            ? outcome.Treatment.Dropped / (double)layers : outcome.Ratio ?? outcome.Runs[0].Run.Scores.Inputs.History?.DropRatio;

    /// <summary>The ratio as tables name it: as asked for, or what was dropped.</summary>
    public string RatioName(Treated outcome) =>
        (outcome.Ratio ?? Share(outcome)) is { } share ? Numbers.Percentage(share) : $"{outcome.Treatment.Dropped} layers";

    /// <summary>A score with its interval.</summary>
    public Measure Score(Treated outcome, string benchmark) => Summarised(outcome, run =>
        Find(run, benchmark) is { Percent: { } percent } found ? (percent, Ends(found.Interval)) : null);

    /// <summary>The mean over benchmarks with its interval.</summary>
    public Measure Mean(Treated outcome, IReadOnlyList<string> benchmarks) => Summarised(outcome, run =>
    {
        string[] scored = [.. benchmarks.Where(name => Find(run, name)?.Percent is not null)];
        if (scored.Length == 0) return null;
        double mean = (double)PaperArithmetic.Mean(scored.Select(name => PaperArithmetic.Exact(Find(run, name)!.Percent!.Value)));
        return (mean, MeanInterval(run, scored));
    });

    /// <summary>Relative performance of a benchmark, a group, or <see cref="RunComparison.Overall"/>,
    /// with an interval from questions drawn together.</summary>
    public Measure Relative(Treated outcome, Treated baseline, string scope) => Summarised(outcome, run =>
    {
        if (Compared(run, baseline.Runs.FirstOrDefault(other => other.Root == run.Root) ?? baseline.Runs[0]) is not { } compared)
            return null;
        Retained? retained = scope == RunComparison.Overall
            ? compared.Overall
            : compared.Groups.Concat(compared.Benchmarks).FirstOrDefault(mean => mean.Name == scope);
        return retained?.Retention is { } retention ? (retention, Ends(retained.RetentionInterval)) : null;
    });

    /// <summary>Benchmarks that an outcome has no score of.</summary>
    public IReadOnlyList<string> Missing(Treated outcome) =>
        [.. Benchmarks.Where(name => outcome.Runs.Any(run => Find(run, name)?.Percent is null))];

    /// <summary>How a benchmark came out in one run; null where it was not asked.</summary>
    public static BenchmarkResult? Find(EvaluatedModel run, string benchmark) =>
        Array.Find(run.Run.Scores.Benchmarks, b => b.Name == benchmark);

    /// <summary>How one run stands to another; null where they share no benchmark.</summary>
    public ComparedRun? Compared(EvaluatedModel run, EvaluatedModel baseline)
    {
        if (_compared.TryGetValue((run.Source, baseline.Source), out ComparedRun? known)) return known;
        bool comparable = Benchmarks.Any(name => Find(run, name)?.Percent is not null && Find(baseline, name)?.Percent is not null);
        if (!comparable) return _compared[(run.Source, baseline.Source)] = null;
        Comparison comparison = RunComparison.Of([baseline.Run, run.Run], baseline.Run.Scores.Seed, force: true);
        Differences.UnionWith(comparison.Differences);
        return _compared[(run.Source, baseline.Source)] = comparison.Runs[0];
    }

    private Interval? MeanInterval(EvaluatedModel run, string[] benchmarks)
    {
        var key = (run.Source, string.Join('\n', benchmarks));
        if (!_means.TryGetValue(key, out Interval? interval))
            _means[key] = interval = Bootstrap.Mean([.. benchmarks.Select(name => run.Run.Outcomes[name])], run.Run.Scores.Seed);
        return interval;
    }

    private static Measure Summarised(Treated outcome, Func<EvaluatedModel, (double Value, Interval? Interval)?> of)
    {
        (double Value,
            Interval? Interval)[] values = [.. outcome.Runs.Select(of).Where(value => value is not null).Select(value => value!.Value)];
        return values.Length switch
        {
            0 => new(null, null, 0),
            1 => new(values[0].Value, values[0].Interval, 1),
            var count => new(values.Average(value => value.Value), new(values.Min(value => value.Value), values.Max(value => value.Value)),
            count),
        };
    }

    /// <summary>The dense model of several runs is one model: the first stands for all.</summary>
    private static IReadOnlyList<EvaluatedModel> Distinct(IEnumerable<EvaluatedModel> runs) =>
        [.. runs.DistinctBy(run => run.Treatment == Treatment.Dense ? "" : run.Source)];

    private int PlaceOf(string benchmark)
    {
        int known = Evaluation.Tables.Benchmarks.Paper.Index()
            .FirstOrDefault(b => b.Item.Name == benchmark, (Index: -1, Item: Evaluation.Tables.Benchmarks.Paper[0])).Index;
        return known >= 0 ? known : Evaluation.Tables.Benchmarks.Paper.Count + _groups.Keys.ToList().IndexOf(benchmark);
    }

    private static int PlaceOfGroup(string group)
    {
        int place = Evaluation.Tables.Benchmarks.Groups.ToList().IndexOf(group);
        return place >= 0 ? place : group == NoGroup ? int.MaxValue : Evaluation.Tables.Benchmarks.Groups.Count;
    }

    private static Interval? Ends(double[]? interval) => interval is [var low, var high] ? new(low, high) : null;
}
