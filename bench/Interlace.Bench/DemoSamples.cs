using Interlace.Data;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Bench;

/// <summary>The demo's rows and questions, ready for its model.</summary>
internal static class DemoSamples
{
    /// <summary>The first rows of its tuning data.</summary>
    public static EncodedSample[] Take(LoadedModel loaded, int count)
    {
        var data = DrawnData.Open(new DataOptions(Path.Combine(Repository.Demo, "finevision"), Rate: 1), 0);
        return [.. data.Load(data.Source.Read(data.Draw.Rows, [], data.FilterFor(loaded.Processor)), loaded.Processor, [], 0, default)
            .Take(count).Select(sample => sample.Encoded)];
    }

    /// <summary>Some questions of each of its benchmarks.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="each">Questions of a benchmark.</param>
    /// <param name="change">What becomes of an image.</param>
    public static List<EncodedSample> Questions(LoadedModel loaded, int each, Func<RgbImage, RgbImage> change)
    {
        var prompts = new List<EncodedSample>();
        foreach (var (benchmark, path) in Benchmarks.In(Path.Combine(Repository.Demo, "benchmarks")))
        {
            using var table = BenchmarkTable.Open(path);
            foreach (var row in table.Rows.Take(each))
            {
                RgbImage image = change(ImageDecoder.Decode(table.Images(row)[0], path, ImageDecoding.Plain));
                prompts.Add(loaded.Processor.Encode([Prompts.Message(benchmark, row, 1)], [image], addGenerationPrompt: true));
            }
        }
        return prompts;
    }
}
