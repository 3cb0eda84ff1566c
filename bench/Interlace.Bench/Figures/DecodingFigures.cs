using System.Numerics;
using System.Runtime.InteropServices;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>Answers: sixteen in flight against one at a time, and a step of one against reading the weights once.</summary>
internal static class DecodingFigures
{
    private const int Layers = 4, Slots = 16, Steps = 16;

    private static string Shape => ShapedModel.Named(Layers);

    /// <summary>Answers of 64 tokens to the demo's questions, and texts of a model of published shape.</summary>
    public static IEnumerable<Figure> Run()
    {
        using (var loaded = LoadedModel.Open(Repository.DemoModel, CPU, ScalarType.Float32))
            yield return Together(loaded.Model, "demo", DemoSamples.Questions(loaded, 3, image => image)[..Slots], tokens: 64);
        using var model = ShapedModel.Create("4b", ShapedModel.Type, Layers, vocabulary: 16_896);
        yield return Together(model, Shape, [.. Enumerable.Range(0, Slots).Select(i => ShapedModel.Text(64 + i))], Steps);
        yield return OneStep(model);
    }

    /// <summary>Sorted by length against as they come, for the demo's own images and for images of very different sizes.</summary>
    public static IEnumerable<Figure> Order()
    {
        using var loaded = LoadedModel.Open(Repository.DemoModel, CPU, ScalarType.Float32);
        var random = new SplitMix64(1);
        RgbImage Resized(RgbImage image) => Resize.Bicubic(image, 64 + 16 * random.Next(13), 64 + 16 * random.Next(13));
        var images = new (string, Func<RgbImage, RgbImage>)[]
            { ("images of one size", image => image), ("images of 1 to 16 times the pixels", Resized) };
        foreach (var (title, image) in images)
        {
            var prompts = DemoSamples.Questions(loaded, 8, image);
            random.Shuffle(CollectionsMarshal.AsSpan(prompts));
            EncodedSample[] sorted = [.. prompts.Chunk(48).SelectMany(window => window.OrderBy(prompt => prompt.Length))];
            yield return Turns.Compare($"{prompts.Count} answers, {title}", "> 1",
                ("as they come", () => Answer(loaded.Model, prompts, Slots, 10, loaded.StopIds)),
                ("48 sorted by length", () => Answer(loaded.Model, sorted, Slots, 10, loaded.StopIds)), rounds: 3);
        }
    }

    /// <summary>The steps of all answers, without what comes before them.</summary>
    private static Figure Together(VisionLanguageModel model, string name, IReadOnlyList<EncodedSample> prompts, int tokens)
    {
        var (one, all) = (new List<double>(), new List<double>());
        for (int round = -1; round < 3; round++)
        {
            var (alone, together) = (StepsAlone(model, prompts, 1, tokens), StepsAlone(model, prompts, Slots, tokens));
            if (round < 0) continue;
            one.Add(alone);
            all.Add(together);
        }
        return Figure.Of($"decoding, {tokens} steps of {prompts.Count} answers, {name}", ">= 8", ("one at a time", one),
            ($"{Slots} in flight", all), Turns.Time);
    }

    private static double StepsAlone(VisionLanguageModel model, IReadOnlyList<EncodedSample> prompts, int slots, int steps)
    {
        double begin = Turns.Seconds(() => Answer(model, prompts, slots, 1, []));
        return Turns.Seconds(() => Answer(model, prompts, slots, 1 + steps, [])) - begin;
    }

    private static Figure OneStep(VisionLanguageModel model)
    {
        EncodedSample[] prompt = [ShapedModel.Text(64)];
        var (steps, reads) = (new List<double>(), new List<double>());
        for (int round = -1; round < 7; round++)
        {
            double step = StepsAlone(model, prompt, 1, Steps) / Steps;
            double read = Turns.Seconds(() => Read(model));
            if (round < 0) continue;
            steps.Add(step);
            reads.Add(read);
        }
        return Figure.Of($"decoding, a step of one answer, {Shape}, against reading the weights once", "<= 1.3",
            ("step", steps), ("read", reads), Turns.Time);
    }

    /// <summary>Adds up all weights of decoder and head, by as many threads as the engine has: as quick as memory lets it.</summary>
    private static unsafe void Read(VisionLanguageModel model)
    {
        var weights = model.Layers.SelectMany(layer => layer.Linears).Select(linear => linear.Weight.Value)
            .Append(model.InputParameters[0].Value);   // the head is tied
        foreach (Tensor weight in weights)
        {
            fixed (byte* bytes = weight.bytes)
            {
                var (start, part, parts) = ((nint)bytes, (int)(weight.numel() * weight.ElementSize / get_num_threads()), get_num_threads());
                Parallel.For(0, parts, i => Sum(new((byte*)start + (long)i * part, part)));
            }
        }
    }

    private static Vector<long> Sum(ReadOnlySpan<byte> bytes)
    {
        // Several sums, so that none waits for the one before.
        var (a, b, c, d) = (Vector<long>.Zero, Vector<long>.Zero, Vector<long>.Zero, Vector<long>.Zero);
        var values = MemoryMarshal.Cast<byte, Vector<long>>(bytes);
        for (int i = 0; i + 3 < values.Length; i += 4)
        {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }
        return a + b + c + d;
    }

    private static void Answer(VisionLanguageModel model, IEnumerable<EncodedSample> prompts, int slots, int tokens,
        IEnumerable<int> stopIds) =>
        _ = new Vlm.Generation.Generator(model, new GenerationOptions(tokens, Slots: slots), stopIds.ToHashSet()).Run(prompts).Count();
}
