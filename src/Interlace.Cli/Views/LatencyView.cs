using Interlace.Evaluation.Latency;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>Latencies as the paper's Table 4 has them, then by stage.</summary>
internal sealed class LatencyView(LatencyFile latency)
{
    private readonly LatencyModel[] _others = latency.Models[1..];

    public void Draw(IAnsiConsole console)
    {
        DrawBenchmarks(console);
        DrawStages(console);
        var s = latency.Settings;
        console.WriteLine("medians with 95 % intervals; "
            + $"one question at a time, models in turns, {s.Samples} questions of each benchmark at most; "
            + $"{s.Device}, {s.Dtype}, {s.Threads} {(s.Threads == 1 ? "thread" : "threads")}");
        if (_others.Length > 0)
            console.WriteLine($"speed-ups are times of {latency.Models[0].Name} over those of the model on the same question; ideal: "
                + "its decoder layers over the model's");
        foreach (var b in latency.Benchmarks.Where(b => b.Skipped > 0))
            console.WriteLine($"{b.Name}: {b.Skipped} questions could not be used");
    }

    private void DrawBenchmarks(IAnsiConsole console)
    {
        var table = Layout.Table(["group", "benchmark", "visual", "text tokens", $"{latency.Models[0].Name} ms",
            .. _others.Select(m => m.Name)]);
        IEnumerable<SpeedUpRow> rows = _others.Length > 0
            ? latency.SpeedUps
            : latency.Benchmarks.Select(b => new SpeedUpRow(b.Group, b.Name, []));
        foreach (var row in rows)
        {
            var benchmark = latency.Benchmarks.FirstOrDefault(b => b.Name == row.Benchmark);
            string name = row.Benchmark ?? (row.Group is null ? "Overall" : "Average");
            table.AddRow([Markup.Escape(row.Group ?? ""), benchmark is null ? $"[bold]{name}[/]" : Markup.Escape(name), benchmark is null
                ? "" : Layout.Number(benchmark.VisualTokens, "0"),
                benchmark is null ? "" : Layout.Number(benchmark.TextTokens, "0"), benchmark is null
                ? "" : Layout.Number(benchmark.Models[0].TimeToFirstToken.Median, "0.0"),
                .. row.Models.Select(speedUp => Times(speedUp.TimeToFirstToken))]);
        }
        console.WriteLine(_others.Length > 0 ? "Time to the first token, and speed-up" : "Time to the first token");
        console.Write(table);
    }

    private void DrawStages(IAnsiConsole console)
    {
        var table = Layout.Table("model", "layers", "image", "vision", "prefill", "first choice", "to first token", "per token",
            "prefill x", "per token x", "ideal x");
        foreach (var (m, model) in latency.Models.Index())
        {
            string Mean(Func<ModelLatency, Estimate> stage) =>
                Layout.Number(latency.Benchmarks.Average(b => stage(b.Models[m]).Median), "0.00");
            var overall = m == 0 ? null : latency.SpeedUps[^1].Models[m - 1];
            table.AddRow(Markup.Escape(model.Name), $"{model.Layers}", Mean(t => t.Image), Mean(t => t.Vision), Mean(t => t.Prefill),
                Mean(t => t.FirstToken), Mean(t => t.TimeToFirstToken), Mean(t => t.PerToken),
                overall is null ? "" : Times(overall.Prefill), overall is null ? "" : Times(overall.PerToken), overall is null
                ? "" : Layout.Number(model.IdealDecoderSpeedUp, "0.00"));
        }
        console.WriteLine("Stages in ms: means over the benchmarks of their medians");
        console.Write(table);
    }

    private static string Times(Estimate speedUp) =>
        $"{Layout.Number(speedUp.Median, "0.00")} ({Layout.Number(speedUp.Interval[0], "0.00")} - "
            + $"{Layout.Number(speedUp.Interval[1], "0.00")})";
}
