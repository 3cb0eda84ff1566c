using Interlace.Evaluation;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>Answers to demo questions, sixteen in flight against one at a time.</summary>
internal static class GenerationBenchmark
{
    public static void Batching(string demo)
    {
        using var loaded = ModelFamilies.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var prompts = Questions(loaded, demo, 16, image => image);
        Pair.Time($"{prompts.Count} answers", ("16 in flight", () => Answer(loaded, prompts, 16)), ("one at a time", () => Answer(loaded, prompts, 1)), rounds: 3, warmUp: 1);
    }

    /// <summary>Sixteen in flight: prompts as they come against 48 sorted by length, for the demo's own images and for images of very different sizes.</summary>
    public static void Order(string demo)
    {
        using var loaded = ModelFamilies.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var random = new SplitMix64(1);
        foreach (var (title, image) in new (string, Func<RgbImage, RgbImage>)[] { ("images of one size", image => image), ("images of 1 to 16 times the pixels", image => Resize.Bicubic(image, 64 + 16 * random.Next(13), 64 + 16 * random.Next(13))) })
        {
            var prompts = Questions(loaded, demo, 8, image);
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(prompts));
            EncodedSample[] sorted = [.. prompts.Chunk(48).SelectMany(window => window.OrderBy(prompt => prompt.Length))];
            Pair.Time($"{prompts.Count} answers, {title}, {prompts.Min(p => p.Length)} to {prompts.Max(p => p.Length)} tokens", ("sorted", () => Answer(loaded, sorted, 16)), ("as they come", () => Answer(loaded, prompts, 16)), rounds: 3, warmUp: 1);
        }
    }

    private static void Answer(LoadedModel loaded, IEnumerable<EncodedSample> prompts, int slots) =>
        _ = new Vlm.Generator(loaded.Model, new GenerationOptions(MaxNewTokens: 10, Slots: slots), loaded.StopIds.ToHashSet()).Run(prompts).Count();

    private static List<EncodedSample> Questions(LoadedModel loaded, string demo, int each, Func<RgbImage, RgbImage> change)
    {
        var prompts = new List<EncodedSample>();
        foreach (var (benchmark, path) in Benchmarks.In(Path.Combine(demo, "benchmarks")))
        {
            using var table = BenchmarkTable.Open(path);
            foreach (var row in table.Rows.Take(each))
                prompts.Add(loaded.Processor.Encode([Prompts.Message(benchmark, row, 1)], [change(ImageDecoder.Decode(table.Images(row)[0], path, ImageDecoding.Plain))], addGenerationPrompt: true));
        }
        return prompts;
    }
}
