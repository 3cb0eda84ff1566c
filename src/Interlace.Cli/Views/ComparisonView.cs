using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>What runs keep of a baseline, in percent.</summary>
internal sealed class ComparisonView(Comparison comparison)
{
    public void Draw(IAnsiConsole console)
    {
        var baseline = comparison.Baseline;
        var (settings, count) = (baseline.Settings, baseline.Benchmarks.Length);
        console.WriteLine($"baseline {Described(baseline)}; {Asked(settings)}");
        foreach (string name in settings.Overrides?.Keys ?? [])
            console.WriteLine($"{name} has settings of its own, see the scores of {baseline.Name}");
        foreach (string difference in comparison.Differences) console.WriteLine($"Compared by force although they differ: {difference}");
        foreach (var run in comparison.Runs)
        {
            console.WriteLine();
            console.WriteLine($"{Described(run)}{(Asked(run.Settings) == Asked(settings) ? "" : $"; {Asked(run.Settings)}")}");
            var table = Layout.Table("", "baseline", "score", "points", "95 % interval", "retention", "95 % interval");
            foreach (var row in run.Benchmarks) Add(table, row);
            foreach (var row in run.Groups) Add(table, row with { Name = $"mean of {row.Name}" });
            Add(table, run.Overall with { Name = $"mean of all {count}" });
            console.Write(table);
            if (run.Changes is { } changes) console.WriteLine(Changed(changes));
        }
        string[] undefined = [.. baseline.Benchmarks.Where(row => row.Retention is null).Select(row => row.Name)];
        if (undefined.Length > 0)
            console.WriteLine($"No retention of {string.Join(", ", undefined)}, where the baseline is 0: not in the means of retention.");
        foreach (string left in comparison.LeftOut) console.WriteLine($"Left out: {left}");
        console.WriteLine("Retention of several benchmarks is the mean of theirs. Intervals: "
            + "bootstrap over questions, drawn together for both runs.");
    }

    private static string Described(ComparedRun run)
    {
        string kind = run.Kind == "unknown" ? "a model of unknown kind" : run.Kind;
        string dropped = run.DropRatio is { } ratio ? $"{Layout.Percent(ratio)} of the layers dropped" : "drop ratio unknown";
        string by = run.Method is { } method ? $" by {method}" : "";
        return $"{run.Name}: {kind}, {dropped}{by}";
    }

    private static string Changed(AnswerChanges changes)
    {
        string Of(int changed, int all) => $"{changed} of {all}{(all > 0 ? $" ({Layout.Percent(changed / (double)all)})" : "")}";
        string texts = changes.Answers > 0 ? $"another text than the baseline's in {Of(changes.Texts, changes.Answers)} answers; " : "";
        return $"{texts}scored differently: {Of(changes.Scores, changes.Questions)} questions";
    }

    private static string Asked(EvaluationSettings settings)
    {
        string asked = settings.Protocol == AnswerSettings.Elsewhere
            ? "answers made elsewhere, token limit unknown"
            : $"{settings.Protocol} protocol, at most {settings.MaxNewTokens} new tokens, {settings.HowSampled()}";
        return $"{asked}, rules {settings.Rules}, judge {settings.Judge}";
    }

    private static void Add(Table table, Retained row) =>
        table.AddRow(Markup.Escape(row.Name), Number(row.Baseline), Number(row.Score), Signed(row.Difference),
            Ends(row.DifferenceInterval, Signed),
        row.Retention is { } retention ? $"{Number(retention)} %" : "undefined", Ends(row.RetentionInterval, Number));

    private static string Ends(double[]? interval, Func<double, string> text) =>
        interval is [var low, var high] ? $"{text(low)} to {text(high)}" : "";

    /// <summary>One place, half to even on the exact decimal, as the paper rounds.</summary>
    private static string Number(double value) => PaperArithmetic.Round(PaperArithmetic.Exact(value)).ToString("0.0");

    private static string Signed(double value) => PaperArithmetic.Round(PaperArithmetic.Exact(value)).ToString("+0.0;-0.0;0.0");
}
