using System.Text.Json.Nodes;
using Interlace.Reporting;
using SkiaSharp;

namespace Interlace.Tests.Reporting;

/// <summary>A complete report of invented numbers of the size that the demo model gives.</summary>
internal static class SampleReport
{
    private static readonly string[] Benchmarks = ["TinyBench", "TinyStar", "TinyPOPE", "TinyOCR", "TinyChart", "TinyVQA"];

    public static SimilarityData Similarity { get; } = new(
        [0.343813, 0.96361, 0.978772, 0.982186, 0.988258, 0.991321, 0.985497, 0.988277, 0.979812, 0.98841, 0.980091, 0.968353, 0.98042, 0.987777, 0.979368, 0.951615],
        [0.31819, 0.911903, 0.943288, 0.953463, 0.956169, 0.958124, 0.947386, 0.950932, 0.939623, 0.92333, 0.911493, 0.922846, 0.938745, 0.904633],
        [.. Enumerable.Range(0, 16).Select(l => 0.0004 + 0.00013 * (l % 5))],
        [.. Enumerable.Range(0, 14).Select(l => 0.0011 + 0.00017 * (l % 4))],
        Tokens: 43_981, Samples: 300);

    public static PlanData Plan { get; } = new(16, Drop: [3, 5, 9, 13], Tune: [2, 6, 8, 12], Freeze: [0, 1, 4, 7, 10, 11, 14, 15], ProtectedCount: 2, Triplets: [5, 2, 8, 12]);

    public static TrainingData Training { get; } = MakeTraining(93);

    public static ReportData Full { get; } = new("Interlace on the demo model", "demo-16", "0.1.0")
    {
        Seed = 7,
        Protocol = "greedy, at most 50 new tokens, dataset prompts; relative to the dense model; 25.0 % of the layers dropped",
        Settings = JsonNode.Parse("""{ "model": "demo", "plan": { "method": "interlace", "ratio": 0.25 }, "finetune": { "learning_rate": 0.0005 } }"""),
        Similarity = Similarity,
        Plan = Plan,
        Training = Training,
        Models =
        [
            Model("dense", 39.73, [0, 33.5, 55.4, 10, 78.5, 61], null, 0.01),
            Model("dropped", 27.92, [0, 31.5, 0, 9.5, 77.5, 49], 68.7, 0.134),
            Model("recovered", 37.99, [0, 32.5, 52.94, 7.5, 79.5, 55.5], 91.3, 0.023),
        ],
        Examples =
        [
            new("How many digits are there?", "4", [new("dense", "4", true), new("dropped", "3", false), new("recovered", "4", true)], Picture(SKColors.SteelBlue), "image/png", "TinyVQA"),
            new("Is there a bag in the image? Please answer yes or no.", "Yes", [new("dense", "Yes", true), new("dropped", "The image shows a bag and a shirt and a bag and a", false), new("recovered", "Yes", true)],
                Picture(SKColors.DarkOliveGreen), "image/png", "TinyPOPE"),
            new("What word is written?", "harbor", [new("dense", "harbor", true), new("dropped", "h", false), new("recovered", "harvor", null)], Picture(SKColors.Firebrick), "image/png", "TinyOCR"),
        ],
        Stages = [new("calibrate", 6.42), new("plan", 0.1), new("prune", 0.38), new("finetune", 108.3), new("evaluate", 53.7)],
        PeakMemoryBytes = 1_932_735_283,
    };

    /// <summary>The title and nothing else.</summary>
    public static ReportData Empty { get; } = new("Nothing yet", "demo-16", "0.1.0");

    public static TrainingData MakeTraining(int steps) => new(
        [.. Enumerable.Range(0, steps).Select(i => new TrainingRow(i + 1, 0.55 + 0.7 * Math.Exp(-i * 4.0 / steps) + 0.12 * Math.Sin(i * 12.9898) * Math.Cos(i * 78.233), 5e-4 * Math.Min(i / 3.0, 0.5 * (1 + Math.Cos(Math.PI * i / steps))), 1.4 + 0.3 * Math.Sin(i), 27 + Math.Sin(i), 1_500_000_000 + 1_000_000 * i))],
        [new(steps / 2, 0.741), new(steps, 0.683)]);

    private static ModelScores Model(string name, double average, double[] scores, double? relative, double truncated) => new(
        name, average, [.. Benchmarks.Zip(scores, (benchmark, score) => new BenchmarkScore(benchmark, score, new(Math.Max(0, score - 6.25), score + 5.75), 0.015, truncated))],
        new(average - 2.125, average + 2.375), relative, relative is { } value ? new(value - 3.5, value + 3.25) : null);

    private static byte[] Picture(SKColor color)
    {
        using SKBitmap bitmap = new(64, 64);
        bitmap.Erase(color);
        return bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray();
    }
}
