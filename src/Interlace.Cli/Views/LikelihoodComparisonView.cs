using Interlace.Evaluation.Comparing;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>How perplexities and choices of runs stand to a baseline's.</summary>
internal sealed class LikelihoodComparisonView(LikelihoodComparison comparison)
{
    public void Draw(IAnsiConsole console)
    {
        foreach (string difference in comparison.Differences) console.WriteLine($"Compared by force although they differ: {difference}");
        console.WriteLine($"likelihoods, baseline {Described(comparison.Baseline)}");
        foreach (var run in comparison.Runs)
        {
            console.WriteLine();
            console.WriteLine(Described(run));
            if (run.AllTexts is { } all) console.Write(Perplexities(run.Texts, all));
            if (run.Choices.Length > 0) console.Write(Choices(run.Choices));
        }
        foreach (string left in comparison.LeftOut) console.WriteLine($"Left out: {left}");
        console.WriteLine("A lower perplexity is better. Intervals: bootstrap over rows, drawn together for both runs.");
    }

    private static Table Perplexities(PerplexityRatio[] texts, PerplexityRatio all)
    {
        var table = Layout.Table("texts", "baseline", "perplexity", "times", "95 % interval");
        foreach (var row in texts.Length > 1 ? [.. texts, all with { Name = "geometric mean" }] : texts)
            table.AddRow(Markup.Escape(row.Name), Layout.Number(row.Baseline, "0.00"), Layout.Number(row.Perplexity, "0.00"),
                Layout.Number(row.Ratio, "0.000"), Ends(row.RatioInterval, "0.000"));
        return table;
    }

    private static Table Choices(Retained[] choices)
    {
        var table = Layout.Table("choices", "baseline", "right", "points", "95 % interval", "retention", "95 % interval");
        foreach (var row in choices)
            table.AddRow(Markup.Escape(row.Name), Layout.Number(row.Baseline, "0.0"), Layout.Number(row.Score, "0.0"),
                Layout.Number(row.Difference, "+0.0;-0.0;0.0"), Ends(row.DifferenceInterval, "+0.0;-0.0;0.0"),
                row.Retention is { } retention ? $"{Layout.Number(retention, "0.0")} %" : "undefined", Ends(row.RetentionInterval, "0.0"));
        return table;
    }

    private static string Described(ComparedLikelihoods run)
    {
        string by = run.Method is { } method ? $" by {method}" : "";
        return $"{run.Name}: {run.Kind}, {Layout.Percent(run.DropRatio)} of the layers dropped{by}";
    }

    private static string Ends(double[]? interval, string format) =>
        interval is [var low, var high] ? $"{Layout.Number(low, format)} to {Layout.Number(high, format)}" : "";
}
