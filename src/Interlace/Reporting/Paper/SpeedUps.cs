using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting.Paper;

/// <summary>Speed: measured where a latency file has the model, else the most that dropping layers can give the decoder.</summary>
internal static class SpeedUps
{
    /// <summary>Time to the first token of the dense model over that of an outcome, all benchmarks together;
    /// null where nobody measured.</summary>
    public static Estimate? Measured(Results results, Treated outcome)
    {
        if (results.Dense?.Runs[0].Run.Scores.Inputs.Model is not { } dense) return null;
        foreach (var (_, file) in results.Model.Latencies)
        {
            if (file.Models.Length < 2 || file.SpeedUps.Length == 0 || file.Models[0].Identity.DifferenceFrom(dense) is not null) continue;
            // Tuning and the choice of layers change no shape: models of equally many layers are equally fast.
            int place = Array.FindIndex(file.Models, 1,
                model => outcome.Treatment.Pattern is null && model.Layers == file.Models[0].Layers - outcome.Treatment.Dropped);
            if (place > 0) return file.SpeedUps[^1].Models[place - 1].TimeToFirstToken;
        }
        return null;
    }

    /// <summary>L / (L - K); null where the number of layers is not known, or the treatment takes weights and not layers.</summary>
    public static double? Ideal(Results results, Treated outcome) =>
        outcome.Treatment.Pattern is not null ? null : results.Share(outcome) is { } share ? 1 / (1 - share) : null;

    /// <summary>As a place of a table.</summary>
    public static Cell Cell(Results results, Treated outcome)
    {
        bool papers = results.Size == "8B" && outcome.Treatment is { Method: "interlace", Dropped: 9, Detail: "" };
        double? published = papers ? Published.SpeedUp(results.Size, 9, "Overall") : null;
        if (Measured(results, outcome) is { } measured) return Reporting.Cell.SpeedUp(measured.Median, Ends(measured), published);
        if (outcome.Treatment is { Dropped: 0, Pattern: null }) return Reporting.Cell.SpeedUp(1);
        return Ideal(results, outcome) is { } ideal
            ? Reporting.Cell.SpeedUp(ideal, null, published, "ideal of the decoder") : published is null ? Reporting.Cell.Empty
            : Reporting.Cell.SpeedUp(null, null, published);
    }

    /// <summary>Table 4 of one latency file.</summary>
    public static Section Section(FoundModel model, string source, LatencyFile file, int number)
    {
        LatencyModel[] others = file.Models[1..];
        string? size = Published.Size(model.Name, model.Layers ?? file.Models[0].Layers);
        Row RowOf(SpeedUpRow row, string name, string published)
        {
            return new(name, [.. row.Models.Index()
                .Select(entry => Reporting.Cell.SpeedUp(entry.Item.TimeToFirstToken.Median, Ends(entry.Item.TimeToFirstToken),
                Published.SpeedUp(size, file.Models[0].Layers - others[entry.Index].Layers, published)))], IsMean: row.Benchmark is null,
                Group: row.Group ?? (row.Benchmark is null ? "All" : null));
        }
        List<Row> rows = [.. file.SpeedUps.Select(row => RowOf(row, row.Benchmark ?? (row.Group is null ? "Overall" : "Average"),
            row.Benchmark ?? row.Group ?? "Overall"))];
        if (rows.Count > 0 && file.SpeedUps[^1] is var all)
            rows.Add(new("decoder over the prompt", [.. all.Models.Select(m => Reporting.Cell.SpeedUp(m.Prefill.Median, Ends(m.Prefill)))],
                Group: "All"));
        rows.Add(new("ideal of the decoder", [.. others.Select(other => Reporting.Cell.SpeedUp(other.IdealDecoderSpeedUp))], Group: "All"));
        LatencySettings s = file.Settings;
        return new($"Table 4: time to the first token{(number == 0 ? "" : $" ({number + 1})")}",
        [
            new Paragraph($"Times of {file.Models[0].Name} over those of the other models on the same question: "
                + "medians with 95 % intervals."),
            new Table(number == 0 ? "table-4" : $"table-4-{number + 1}", "benchmark",
            [.. others.Select(other => new Column($"{other.Name}, {Numbers.Percentage(1 - other.Layers / (double)file.Models[0].Layers)}",
            model.Name))], rows),
            new Paragraph($"One question at a time, models in turns, at most {s.Samples} questions of each benchmark; "
                + $"{s.Device}, {s.Dtype}, {s.Threads} {(s.Threads == 1 ? "thread" : "threads")}. "
                + $"Measured in {source}.{(size is null ? "" : " Published: the paper's, on its own hardware.")}", Quiet: true),
        ]);
    }

    private static Interval? Ends(Estimate estimate) => estimate.Interval is [var low, var high] ? new(low, high) : null;
}
