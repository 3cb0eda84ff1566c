using Interlace.Calibration;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>What measuring costs beyond the plain forward pass of the same batches, and the memory of packed samples.</summary>
internal static class CalibrationFigures
{
    private const int Layers = 4, Photos = 12;

    private static readonly int BatchTokens = new CalibrationOptions().BatchTokens;

    /// <summary>The demo's model on 96 of its rows, and four layers of the shape of 4b on a text.</summary>
    public static IEnumerable<Figure> Run()
    {
        using (var loaded = LoadedModel.Open(Repository.DemoModel, CPU, ScalarType.Float32))
            yield return Cost(loaded.Model, DemoSamples.Take(loaded, 96), "demo, fp32", rounds: 7);
        foreach (ScalarType type in ShapedModel.Types)
        {
            using var model = ShapedModel.Create("4b", type, Layers, vocabulary: 4096);
            yield return Cost(model, [ShapedModel.Text(1024)], $"{Layers} layers of 4b, {Compute.NameOf(type)}", rounds: 5);
        }
    }

    /// <summary>The most memory for twelve photos in batches of the usual budget against one by one, in processes of their own.</summary>
    public static IEnumerable<Figure> Memory()
    {
        foreach (var (part, name) in new[] { ("calibrate", "calibration"), ("vision", "vision tower") })
        {
            double Peak(string way) => Processes.Own("child", part, way).Peak;
            yield return Figure.Of($"peak memory of the {name}, {Photos} photos, {ShapedModel.Named(Layers)}", "<= 1.2",
                ("packed", [Peak("packed")]), ("one by one", [Peak("single")]), Turns.Size);
        }
    }

    /// <summary>One of both, in a process whose memory is then looked at.</summary>
    public static void Child(string part, string way)
    {
        using var model = ShapedModel.Create("4b", ShapedModel.Type, Layers, visionBlocks: 24, vocabulary: 4096);
        var random = new Random(0);
        EncodedSample[] samples = [.. Enumerable.Range(0, Photos).Select(_ => Photo(random))];
        var meter = new SimilarityMeter(Layers, [1, 3]);
        var batches = way == "packed" ? Batcher.ByTokens([.. samples.Select(sample => sample.Length)], BatchTokens)
            : Batcher.ByCount(samples.Length, 1);
        foreach (var places in batches)
        {
            using var _ = no_grad();
            using var batch = Batch.Pack([.. places.Select(i => samples[i])], CPU);
            if (part == "calibrate") meter.Measure(model, batch);
            else
            {
                var (x, pass) = model.Embed(batch);
                x.Dispose();
                pass.Dispose();
            }
        }
    }

    private static Figure Cost(VisionLanguageModel model, EncodedSample[] samples, string name, int rounds)
    {
        using var _ = no_grad();
        Batch[] batches = [.. Batcher.ByTokens([.. samples.Select(sample => sample.Length)], BatchTokens)
            .Select(places => Batch.Pack([.. places.Select(i => samples[i])], CPU))];
        var meter = new SimilarityMeter(model.Layers.Count, [1, 3]);
        var figure = Turns.Compare($"calibration, {name}: with measuring against without", "<= 1.05",
            ("measured", () =>
            {
                foreach (var batch in batches) meter.Measure(model, batch);
            }), ("plain", () =>
            {
                foreach (var batch in batches) model.Hidden(batch).Dispose();
            }), rounds);
        foreach (var batch in batches) batch.Dispose();
        return figure;
    }

    /// <summary>An image of 672 x 672 with a question.</summary>
    private static EncodedSample Photo(Random random)
    {
        const int side = 672, patch = 32, tokens = side / patch * (side / patch);
        var image = new RgbImage(side, side, new byte[3 * side * side]);
        random.NextBytes(image.Pixels);
        EncodedSample text = ShapedModel.Text(tokens + 20);
        return text with
        {
            Kinds = [.. text.Kinds.Select((kind, i) => i < tokens ? TokenKind.Image : kind)],
            Images = [VisualInput.Whole(image, image, tokens)],
        };
    }
}
