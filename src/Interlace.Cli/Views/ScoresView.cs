using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>What a model scored, benchmark by benchmark, in percent, and how fast it answered where that is known.</summary>
internal sealed class ScoresView(ScoresFile scores, IReadOnlyList<AnswerRate>? rates = null)
{
    public void Draw(IAnsiConsole console)
    {
        var table = Layout.Table("benchmark", "score", "95 % interval", "headline", "not extracted", "cut off", "rows");
        foreach (var b in scores.Benchmarks)
            table.AddRow(Markup.Escape(b.Name), b.Percent is { } p ? $"{p:0.0}" : "not evaluated", b.Interval is [var low, var high]
                ? $"{low:0.0} - {high:0.0}" : "", Markup.Escape(b.Headline),
                b.ExtractionFailureRate is { } rate ? Layout.Percent(rate) : "", b.TruncatedRate is { } cut
                ? Layout.Percent(cut) : "", $"{b.Rows}");
        console.Write(table);
        var settings = scores.Settings;
        string asked = settings.Protocol == AnswerSettings.Elsewhere
            ? "answers made elsewhere"
            : $"{settings.Protocol} protocol, at most {settings.MaxNewTokens} new tokens, {settings.HowSampled()}";
        string without = scores.Benchmarks.Count(b => b.Percent is null) is > 0 and var absent ? $" (without {absent} not evaluated)" : "";
        console.WriteLine($"average {(scores.Average is { } average ? $"{average:0.0}" : "unknown")}{without}; "
            + $"{asked}, rules {settings.Rules}, judge {settings.Judge}");
        foreach (var (name, own) in scores.Settings.Overrides ?? new Dictionary<string, BenchmarkOverrides>())
            console.WriteLine($"{name} differs: {string.Join(", ", Differences(own))}");
        foreach (var b in scores.Benchmarks.Where(b => b.SubScores.Keys.Any(IsOfAPart)))
            console.WriteLine($"{b.Name}: {string.Join(", ", b.SubScores.Where(part => IsOfAPart(part.Key)).Select(Part))}");
        foreach (var b in scores.Benchmarks.Where(b => b.PercentIfFailuresWereRight is { } best && b.Percent is { } percent
            && best - percent >= 0.05))
            console.WriteLine($"{b.Name}: at most {b.PercentIfFailuresWereRight:0.0} if every answer that could not be read were right");
        foreach (var b in scores.Benchmarks.Where(b => b.JudgeFailures > 0))
            console.WriteLine($"{b.Name}: no readable reply of the judge to {b.JudgeFailures} questions");
        foreach (var b in scores.Benchmarks.Where(b => b.Note is not null)) console.WriteLine($"{b.Name}: {b.Note}");
        if (scores.Batching is { } check)
            console.WriteLine($"batching: {check.Differing} of {check.Checked} answers are another text when asked for one at a time");
        if (rates is { Count: > 0 })
            console.WriteLine("answers a second, new tokens a second: "
                + $"{string.Join("; ", rates.Select(r => $"{r.Benchmark} {r.AnswersPerSecond:0.0}, {r.TokensPerSecond:0.0}"))}");
        foreach (string remark in scores.Remarks) console.WriteLine(remark);
    }

    /// <summary>The headline itself stands in the table.</summary>
    private static bool IsOfAPart(string subScore) => subScore != "Overall";

    private static string Part(KeyValuePair<string, double> part) =>
        part.Key.EndsWith("/count", StringComparison.Ordinal) ? $"{part.Key} {part.Value:0}" : $"{part.Key} {part.Value:0.0}";

    private static IEnumerable<string> Differences(BenchmarkOverrides own)
    {
        if (own.MaxNewTokens is { } tokens) yield return $"at most {tokens} new tokens";
        if (own.Sampling is { } sampling) yield return sampling;
        if (own.Prompts is { } prompts) yield return $"prompts {prompts}";
        if (own.Limit is { } limit) yield return $"at most {limit} rows";
    }
}
