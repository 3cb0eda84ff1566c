using System.Globalization;

namespace Interlace.Reporting;

/// <summary>The sentences and selections that the page and the Markdown share.</summary>
internal static class Summary
{
    public static string[] TrainingHeads { get; } = ["step", "loss", "learning rate", "gradient norm", "samples/s", "memory"];

    public static string Sentence(ReportData data)
    {
        string what = data.Plan is { } plan ?
            $"{plan.Drop.Length} of {plan.LayerCount} layers of {data.Model} dropped "
                + $"({Numbers.Share(plan.Drop.Length / (double)Math.Max(1, plan.LayerCount))}), {plan.Tune.Length} tuned, "
                + $"method {plan.Method}." :
            $"Model {data.Model}.";
        return what + (data.ShareRegained is { } share
            ? $" Recovery won back {Numbers.Share(share)} of the average that dropping cost." : "");
    }

    public static string Measured(SimilarityData similarity) => similarity.Tokens == 0 ? "Mean cosine similarity over tokens." :
        $"Mean cosine similarity over {Numbers.Count(similarity.Tokens)} tokens of {Numbers.Count(similarity.Samples)} "
            + $"samples{(similarity.LayerErrors is null && similarity.TripletErrors is null ? "" : ", ± standard error")}.";

    public static IEnumerable<string> Benchmarks(IReadOnlyList<ModelScores> models) =>
        models.SelectMany(model => model.Benchmarks).Select(score => score.Benchmark).Distinct(StringComparer.Ordinal);

    public static BenchmarkScore? Find(ModelScores model, string benchmark) =>
        model.Benchmarks.FirstOrDefault(score => score.Benchmark == benchmark);

    /// <summary>The sets of a plan that are not empty, in ascending order, and the triplets in the order of choice.</summary>
    public static IEnumerable<(string name, int[] layers)> Sets(PlanData plan)
    {
        (string name, int[] layers)[] all =
        [
            ("dropped", [.. plan.Drop.Order()]), ("tuned", [.. plan.Tune.Order()]), ("frozen", [.. plan.Freeze.Order()]),
                ("never dropped", [.. Enumerable.Range(0, plan.ProtectedCount).Union(plan.SinksKept ?? []).Order()]),
            ("first layers of the triplets, as chosen", plan.Triplets ?? []),
        ];
        return all.Where(set => set.layers.Length > 0);
    }

    /// <summary>A value with its standard error; empty past the end.</summary>
    public static string WithError(double[] values, double[]? errors, int l) =>
        l >= values.Length
            ? ""
            : Numbers.Similarity(values[l]) + (errors is not null && l < errors.Length ? $" ± {Numbers.Error(errors[l])}" : "");

    /// <summary>At most about 25 rows, evenly spaced, always with the first and the last.</summary>
    public static IEnumerable<TrainingRow> Sampled(IReadOnlyList<TrainingRow> rows)
    {
        int step = Math.Max(1, (int)Math.Ceiling(rows.Count / 24.0));
        return rows.Where((_, i) => i % step == 0 || i == rows.Count - 1);
    }

    public static string[] TrainingCells(TrainingRow row) =>
        [row.Step.ToString(CultureInfo.InvariantCulture), Numbers.Loss(row.Loss), Numbers.Rate(row.LearningRate),
            Numbers.Plain(row.GradientNorm), Numbers.Plain(row.SamplesPerSecond), Numbers.Memory(row.MemoryBytes)];

    public static string Verdict(bool? right) => right switch { true => "right", false => "wrong", null => "in part" };
}
