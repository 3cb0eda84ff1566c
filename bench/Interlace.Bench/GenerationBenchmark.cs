using Interlace.Data;
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
        var prompts = new List<EncodedSample>();
        foreach (var (benchmark, path) in Benchmarks.In(Path.Combine(demo, "benchmarks")))
        {
            using var table = BenchmarkTable.Open(path);
            foreach (var row in table.Rows.Take(16))
                prompts.Add(loaded.Processor.Encode([Prompts.Message(benchmark, row, 1)], [ImageDecoder.Decode(table.Images(row)[0], path, ImageDecoding.Plain)], addGenerationPrompt: true));
        }
        void Answer(int slots) => _ = new Vlm.Generator(loaded.Model, new GenerationOptions(MaxNewTokens: 10, Slots: slots), loaded.StopIds.ToHashSet()).Run(prompts).Count();
        Pair.Time($"{prompts.Count} answers", ("16 in flight", () => Answer(16)), ("one at a time", () => Answer(1)), rounds: 3, warmUp: 1);
    }
}
