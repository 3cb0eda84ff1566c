using Interlace.Evaluation;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>What a model scored, benchmark by benchmark, in percent.</summary>
internal sealed class ScoresView(ScoresFile scores)
{
    public void Draw(IAnsiConsole console)
    {
        var table = Layout.Table("benchmark", "score", "95 % interval", "headline", "not extracted", "cut off", "rows");
        foreach (var b in scores.Benchmarks)
            table.AddRow(Markup.Escape(b.Name), b.Percent is { } p ? $"{p:0.0}" : "not evaluated", b.Interval is [var low, var high] ? $"{low:0.0} - {high:0.0}" : "", Markup.Escape(b.Headline),
                b.ExtractionFailureRate is { } rate ? Layout.Percent(rate) : "", b.TruncatedRate is { } cut ? Layout.Percent(cut) : "", $"{b.Rows}");
        console.Write(table);
        var settings = scores.Settings;
        string asked = settings.Protocol == ScoresFile.Elsewhere ? "answers made elsewhere" : $"{settings.Protocol} protocol, at most {settings.MaxNewTokens} new tokens, {settings.Sampling}";
        string without = scores.Benchmarks.Count(b => b.Percent is null) is > 0 and var absent ? $" (without {absent} not evaluated)" : "";
        console.WriteLine($"average {(scores.Average is { } average ? $"{average:0.0}" : "unknown")}{without}; {asked}, rules {settings.Rules}, judge {settings.Judge}");
        foreach (var (name, own) in scores.Settings.Overrides ?? new Dictionary<string, BenchmarkOverrides>())
            console.WriteLine($"{name} differs: {string.Join(", ", Differences(own))}");
        foreach (var b in scores.Benchmarks.Where(b => b.PercentIfFailuresWereRight is { } best && b.Percent is { } percent && best - percent >= 0.05))
            console.WriteLine($"{b.Name}: at most {b.PercentIfFailuresWereRight:0.0} if every answer that could not be read were right");
        foreach (var b in scores.Benchmarks.Where(b => b.JudgeFailures > 0)) console.WriteLine($"{b.Name}: no readable reply of the judge to {b.JudgeFailures} questions");
        foreach (var b in scores.Benchmarks.Where(b => b.Note is not null)) console.WriteLine($"{b.Name}: {b.Note}");
        foreach (string warning in scores.Warnings ?? []) console.WriteLine(warning);
    }

    private static IEnumerable<string> Differences(BenchmarkOverrides own)
    {
        if (own.MaxNewTokens is { } tokens) yield return $"at most {tokens} new tokens";
        if (own.Sampling is { } sampling) yield return sampling;
        if (own.Prompts is { } prompts) yield return $"prompts {prompts}";
        if (own.Limit is { } limit) yield return $"at most {limit} rows";
    }
}
