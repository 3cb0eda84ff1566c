using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Vlm;

namespace Interlace.Evaluation.Comparing;

/// <summary>
/// How runs stand to a baseline in perplexity and in choices by likelihood. Neither is mixed into means of benchmarks' scores.
/// </summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Seed">Seed of the intervals.</param>
/// <param name="Baseline">The run that the others are measured by.</param>
/// <param name="Runs">The others.</param>
/// <param name="LeftOut">Files that are not in every run, each with the reason.</param>
/// <param name="Differences">Why the runs are not comparable, where the comparison was forced; empty otherwise.</param>
public sealed record LikelihoodComparison(string Format, string CreatedBy, int Seed, ComparedLikelihoods Baseline,
    ComparedLikelihoods[] Runs, string[] LeftOut, string[] Differences)
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-likelihood-comparison/1";

    /// <summary>Compares runs.</summary>
    /// <param name="runs">The baseline, then at least one other.</param>
    /// <param name="seed">Seed of the intervals.</param>
    /// <param name="force">Compare runs that differ in more than their model, and name the differences.</param>
    /// <exception cref="InputException">The runs are not comparable or share no file.</exception>
    public static LikelihoodComparison Of(IReadOnlyList<LikelihoodRun> runs, int seed, bool force = false)
    {
        if (runs.Count < 2) throw new InputException("A comparison needs a baseline and at least one other run.");
        var baseline = runs[0];
        string[] Shared(Func<LikelihoodRun, IReadOnlyDictionary<string, Score>> of) =>
            [.. of(baseline).Keys.Where(name => runs.All(run => of(run).ContainsKey(name)))];
        string[] texts = Shared(run => run.Texts), choices = Shared(run => run.Choices);
        if (texts.Length + choices.Length == 0)
            throw new InputException("The runs share no file of texts or choices that all of them were measured on.");
        string[] differences = [.. runs.Skip(1).SelectMany(run => DifferencesOf(baseline, run, texts, choices))];
        if (differences.Length > 0 && !force)
        {
            throw new InputException($"These runs cannot be compared: {string.Join("; ", differences)}. "
                + "Compare them all the same with --force.");
        }
        string[] leftOut = [.. runs.SelectMany(run => run.Texts.Keys.Except(texts).Concat(run.Choices.Keys.Except(choices))).Distinct()
            .Select(name => $"{name}: not measured in {string.Join(", ", runs.Where(run => !run.Texts.ContainsKey(name)
                && !run.Choices.ContainsKey(name)).Select(run => run.Name))}")];
        return new(CurrentFormat, ProgramVersion.CreatedBy, seed, Compared(baseline, baseline, texts, choices, seed),
            [.. runs.Skip(1).Select(run => Compared(run, baseline, texts, choices, seed))], leftOut, differences);
    }

    /// <summary>The comparison as JSON.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ArtefactJson.Readable<LikelihoodComparison>())!;

    private static IEnumerable<string> DifferencesOf(LikelihoodRun baseline, LikelihoodRun run, string[] texts, string[] choices)
    {
        var (a, b) = (baseline.File.Settings, run.File.Settings);
        if (texts.Length > 0 && a.TextTokens != b.TextTokens)
            yield return $"windows of {a.TextTokens} tokens in {baseline.Name}, of {b.TextTokens} in {run.Name}";
        if (a.Limit != b.Limit)
            yield return $"limit of rows {a.Limit?.ToString() ?? "none"} in {baseline.Name}, {b.Limit?.ToString() ?? "none"} in {run.Name}";
        var (of, other) = (baseline.File.Inputs, run.File.Inputs);
        foreach (string name in texts.Where(name => of.Texts.GetValueOrDefault(name) != other.Texts.GetValueOrDefault(name))
            .Concat(choices.Where(name => of.Choices.GetValueOrDefault(name) != other.Choices.GetValueOrDefault(name))))
            yield return $"the file {name} is another in {run.Name}";
        foreach (var (name, own, others) in texts.Select(name => (name, baseline.Texts[name], run.Texts[name]))
            .Concat(choices.Select(name => (name, baseline.Choices[name], run.Choices[name]))))
            if (!own.Units.Select(unit => unit.Key).SequenceEqual(others.Units.Select(unit => unit.Key)))
                yield return $"{name} has {own.Units.Count} rows in {baseline.Name}, and others or {others.Units.Count} in {run.Name}";
    }

    private static ComparedLikelihoods Compared(LikelihoodRun run, LikelihoodRun baseline, string[] texts, string[] choices, int seed)
    {
        var history = run.File.Inputs.History;
        return new(run.Name, history.Kind, history.DropRatio, history.Method, run.File.Settings,
            [.. texts.Select(name => Ratio(name, run, baseline, [name], seed))],
            texts.Length == 0 ? null : Ratio(RunComparison.Overall, run, baseline, texts, seed),
            [.. choices.Select(name => Retained(name, run.Choices[name], baseline.Choices[name], seed))]);
    }

    private static PerplexityRatio Ratio(string name, LikelihoodRun run, LikelihoodRun baseline, string[] texts, int seed)
    {
        double Mean(LikelihoodRun of) => Math.Exp(texts.Average(text => Math.Log(of.Texts[text].Percent!.Value)));
        var interval = Bootstrap.PerplexityRatio([.. texts.Select(text => (run.Texts[text], baseline.Texts[text]))], seed);
        return new(name, Mean(run), Mean(baseline), interval is { } i ? [i.Low, i.High] : null,
            texts.Sum(text => run.Texts[text].Units.Count));
    }

    private static Retained Retained(string name, Score run, Score baseline, int seed)
    {
        var intervals = Bootstrap.Paired(run, baseline, seed);
        double[]? Ends(Interval? interval) => interval is { } i ? [i.Low, i.High] : null;
        return new(name, run.Percent!.Value, baseline.Percent!.Value,
            baseline.Percent == 0 ? null : 100 * run.Percent.Value / baseline.Percent.Value,
            Ends(intervals?.Retention), Ends(intervals?.Difference), intervals?.Units ?? 0);
    }
}
