using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>Answers to demo questions, sixteen in flight against one at a time.</summary>
internal static class GenerationBenchmark
{
    /// <summary>Answers as the model ends them, then longer ones: exactly 32 and 64 tokens, whatever they are.</summary>
    public static void Batching(string demo)
    {
        using var loaded = LoadedModel.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var prompts = Questions(loaded, demo, 3, image => image)[..16];
        Compare("as the model ends them", 10, loaded.StopIds);
        foreach (int tokens in new[] { 32, 64 }) Compare($"of {tokens} tokens", tokens, []);

        void Compare(string title, int tokens, IEnumerable<int> stopIds)
        {
            Action Run(int slots) => () => Answer(loaded, prompts, slots, tokens, stopIds);
            Pair.Time($"{prompts.Count} answers {title}", ("16 in flight", Run(16)), ("one at a time", Run(1)), rounds: 3, warmUp: 1);
        }
    }

    /// <summary>Processor time of reading a prompt and of a step of decoding, with one and with sixteen answers in flight.</summary>
    public static void Decoding(string demo)
    {
        const int steps = 32;
        using var loaded = LoadedModel.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var prompts = Questions(loaded, demo, 3, image => image)[..16];
        foreach (int slots in new[] { 16, 1 })
        {
            double Milliseconds(int tokens) => Pair.Median(Enumerable.Range(0, 4).Select(_ => Pair.ProcessorTime(() => Answer(loaded, prompts[..slots], slots, tokens, []))).Skip(1));
            double read = Milliseconds(1);
            Console.WriteLine($"{slots} in flight: {read / slots:0.00} ms a prompt, {(Milliseconds(1 + steps) - read) / steps:0.00} ms a step");
        }
    }

    /// <summary>Sixteen in flight: prompts as they come against 48 sorted by length, for the demo's own images and for images of very different sizes.</summary>
    public static void Order(string demo)
    {
        using var loaded = LoadedModel.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var random = new SplitMix64(1);
        foreach (var (title, image) in new (string, Func<RgbImage, RgbImage>)[] { ("images of one size", image => image), ("images of 1 to 16 times the pixels", image => Resize.Bicubic(image, 64 + 16 * random.Next(13), 64 + 16 * random.Next(13))) })
        {
            var prompts = Questions(loaded, demo, 8, image);
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(prompts));
            EncodedSample[] sorted = [.. prompts.Chunk(48).SelectMany(window => window.OrderBy(prompt => prompt.Length))];
            Pair.Time($"{prompts.Count} answers, {title}, {prompts.Min(p => p.Length)} to {prompts.Max(p => p.Length)} tokens", ("sorted", () => Answer(loaded, sorted, 16)), ("as they come", () => Answer(loaded, prompts, 16)), rounds: 3, warmUp: 1);
        }
    }

    private static void Answer(LoadedModel loaded, IEnumerable<EncodedSample> prompts, int slots) => Answer(loaded, prompts, slots, 10, loaded.StopIds);

    private static void Answer(LoadedModel loaded, IEnumerable<EncodedSample> prompts, int slots, int tokens, IEnumerable<int> stopIds) =>
        _ = new Vlm.Generation.Generator(loaded.Model, new GenerationOptions(tokens, Slots: slots), stopIds.ToHashSet()).Run(prompts).Count();

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
