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
                b.ExtractionFailureRate is { } rate ? Layout.Percent(rate) : "", Layout.Percent(b.TruncatedRate), $"{b.Rows}");
        console.Write(table);
        console.WriteLine($"average {(scores.Average is { } average ? $"{average:0.0}" : "unknown")}; {scores.Settings.Protocol} protocol, at most {scores.Settings.MaxNewTokens} new tokens, {scores.Settings.Sampling}, rules {scores.Settings.Rules}, judge {scores.Settings.Judge}");
        foreach (var (name, own) in scores.Settings.Overrides ?? new Dictionary<string, BenchmarkOverrides>())
            console.WriteLine($"{name} differs: {string.Join(", ", Differences(own))}");
        foreach (var b in scores.Benchmarks.Where(b => b.Note is not null)) console.WriteLine($"{b.Name}: {b.Note}");
    }

    private static IEnumerable<string> Differences(BenchmarkOverrides own)
    {
        if (own.MaxNewTokens is { } tokens) yield return $"at most {tokens} new tokens";
        if (own.Sampling is { } sampling) yield return sampling;
        if (own.Prompts is { } prompts) yield return $"prompts {prompts}";
        if (own.Limit is { } limit) yield return $"at most {limit} rows";
    }
}
