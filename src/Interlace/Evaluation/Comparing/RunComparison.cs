using Interlace.Artefacts;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Comparing;

/// <summary>Measures runs by a baseline with the paper's arithmetic:
/// the mean over benchmarks of score / baseline score, and paired intervals over questions.</summary>
public static class RunComparison
{
    /// <summary>The name of the mean over all benchmarks.</summary>
    public const string Overall = "overall";

    /// <summary>Compares runs.</summary>
    /// <param name="runs">The baseline, then at least one other.</param>
    /// <param name="seed">Seed of the intervals.</param>
    /// <param name="force">Compare runs that differ in more than their model, and name the differences.</param>
    /// <exception cref="InputException">The runs are not comparable or share no benchmark.</exception>
    public static Comparison Of(IReadOnlyList<ScoredRun> runs, int seed, bool force = false)
    {
        if (runs.Count < 2) throw new InputException("A comparison needs a baseline and at least one other run.");
        string[] all = [.. runs.SelectMany(run => run.Scores.Benchmarks).Select(b => b.Name).Distinct()];
        string[] names = [.. all.Where(name => runs.All(run => Percent(run, name) is not null))];
        if (names.Length == 0) throw new InputException("The runs share no benchmark that all of them have a score of.");
        var baseline = runs[0];
        string[] differences = [.. runs.Skip(1).SelectMany(run => Differences(baseline, run, names))];
        if (differences.Length > 0 && !force)
        {
            throw new InputException($"These runs cannot be compared: {string.Join("; ", differences)}. "
                + "Compare them all the same with --force.");
        }
        string[] leftOut = [.. all.Except(names)
            .Select(name => $"{name}: no score in "
                + $"{string.Join(", ", runs.Where(run => Percent(run, name) is null).Select(run => run.Name))}")];
        return new(Comparison.CurrentFormat, ProgramVersion.CreatedBy, seed, Compared(baseline, baseline, names, seed),
            [.. runs.Skip(1).Select(run => Compared(run, baseline, names, seed))], leftOut, differences);
    }

    private static double? Percent(ScoredRun run, string benchmark) => Array.Find(run.Scores.Benchmarks, b => b.Name == benchmark)?.Percent;

    private static IEnumerable<string> Differences(ScoredRun baseline, ScoredRun run, string[] names)
    {
        var (a, b) = (baseline.Scores.Settings, run.Scores.Settings);
        (string What, string Baseline, string Run)[] settings =
        [
            ("protocol", a.Protocol, b.Protocol), ("token limit", $"{a.MaxNewTokens}", $"{b.MaxNewTokens}"),
                ("prompts", a.Prompts, b.Prompts), ("rules", a.Rules, b.Rules), ("judge", a.Judge, b.Judge),
                ("sampling", a.HowSampled(), b.HowSampled()),
            ("limit of rows", $"{a.Limit?.ToString() ?? "none"}", $"{b.Limit?.ToString() ?? "none"}"),
                ("limit of pixels", $"{a.MaxPixels?.ToString() ?? "none"}", $"{b.MaxPixels?.ToString() ?? "none"}"),
        ];
        foreach (var (what, of, other) in settings)
            if (of != other) yield return $"{what} {of} in {baseline.Name}, {other} in {run.Name}";
        foreach (string name in names)
            if (Override(a, name) is var own && Override(b, name) is var others && own != others)
                yield return $"{name} was asked in another way in {run.Name} than in {baseline.Name} (overrides)";
        foreach (var (table, md5) in baseline.Scores.Inputs.Tables)
            if (run.Scores.Inputs.Tables.TryGetValue(table, out string? found) && found != md5)
                yield return $"the table {table} is another in {run.Name}";
        foreach (string name in names)
        {
            var (of, other) = (baseline.Outcomes[name].Units, run.Outcomes[name].Units);
            int common = of.Select(unit => unit.Key).Intersect(other.Select(unit => unit.Key), StringComparer.Ordinal).Count();
            if (common != of.Count || common != other.Count)
                yield return $"{name} has {of.Count} questions in {baseline.Name}, {other.Count} in {run.Name}, {common} in both";
        }
    }

    private static BenchmarkOverrides? Override(EvaluationSettings settings, string benchmark) =>
        settings.Overrides?.FirstOrDefault(entry => entry.Key.Equals(benchmark, StringComparison.OrdinalIgnoreCase)
            || Benchmarks.Find(entry.Key)?.Name == benchmark).Value;

    private static ComparedRun Compared(ScoredRun run, ScoredRun baseline, string[] names, int seed)
    {
        var history = run.Scores.Inputs.History;
        string[] groups = [.. names.Select(name => GroupOf(baseline, name)).OfType<string>().Distinct().OrderBy(GroupPlace)];
        return new(run.Name, history?.Kind ?? "unknown", history?.DropRatio, history?.Method, run.Scores.Settings,
            [.. names.Select(name => Mean(name, run, baseline, [name], seed))],
            [.. groups.Select(group => Mean(group, run, baseline, [.. names.Where(name => GroupOf(baseline, name) == group)], seed))],
            Mean(Overall, run, baseline, names, seed), ReferenceEquals(run, baseline) ? null : Changes(run, baseline, names));
    }

    private static AnswerChanges Changes(ScoredRun run, ScoredRun baseline, string[] names)
    {
        AnswerChanges sum = new(0, 0, 0, 0);
        foreach (string name in names)
        {
            var texts = baseline.Answers[name];
            bool[] changed = [.. run.Answers[name].Values.Where(answer => texts.ContainsKey(answer.Index))
                .Select(answer => answer.Prediction != texts[answer.Index].Prediction)];
            var scores = baseline.Outcomes[name].Units.ToDictionary(unit => unit.Key, unit => unit.Sums, StringComparer.Ordinal);
            bool[] rescored = [.. run.Outcomes[name].Units.Where(unit => scores.ContainsKey(unit.Key))
                .Select(unit => !unit.Sums.SequenceEqual(scores[unit.Key]))];
            sum = new(sum.Answers + changed.Length, sum.Texts + changed.Count(differs => differs), sum.Questions + rescored.Length,
                sum.Scores + rescored.Count(differs => differs));
        }
        return sum;
    }

    private static Retained Mean(string name, ScoredRun run, ScoredRun baseline, string[] benchmarks, int seed)
    {
        (decimal Score, decimal Baseline)[] pairs =
            [.. benchmarks.Select(b => (PaperArithmetic.Exact(Percent(run, b)!.Value),
            PaperArithmetic.Exact(Percent(baseline, b)!.Value)))];
        PairedIntervals? Intervals(IEnumerable<string> of) =>
            Bootstrap.PairedMean([.. of.Select(b => (run.Outcomes[b], baseline.Outcomes[b]))], seed);
        var intervals = Intervals(benchmarks);
        // What has no retention is not in the mean of retentions, so not in its interval either.
        string[] counted = [.. benchmarks.Where(b => Percent(baseline, b) != 0)];
        var retention = counted.Length == benchmarks.Length ? intervals : Intervals(counted);
        return new(name, (double)PaperArithmetic.Mean(pairs.Select(pair => pair.Score)),
            (double)PaperArithmetic.Mean(pairs.Select(pair => pair.Baseline)), (double?)PaperArithmetic.RelativePerformance(pairs),
            Ends(retention?.Retention), Ends(intervals?.Difference), intervals?.Units ?? 0);
    }

    private static double[]? Ends(Interval? interval) => interval is { } i ? [i.Low, i.High] : null;

    private static string? GroupOf(ScoredRun run, string benchmark) => run.Scores.Benchmarks.First(b => b.Name == benchmark).Group;

    private static int GroupPlace(string group)
    {
        int place = Benchmarks.Groups.ToList().IndexOf(group);
        return place < 0 ? Benchmarks.Groups.Count : place;
    }
}
