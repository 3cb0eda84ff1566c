using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Pruning;

/// <summary>
/// Checks what a pruned model computes: its logits on a question, and a picture where it sees any, equal those of its parent with the same
/// layers left out, and decoding with a cache rests on the logits of decoding without; both within the rounding of the computation's type.
/// </summary>
public static class Behaviour
{
    private const int DecodedTokens = 12, Side = 128;

    // Roundings of a layer that may differ. The same operations on the same weights: what is added to the stream, twice a layer.
    // With a cache other kernels run: every one of some sixteen results,
    // and in fp32 the steps of the sums inside them as well, which bf16 takes in fp32.
    private const int OfTheStream = 2, OfResults = 16, OfSums = 64 * OfResults;

    /// <summary>The checks, in the order of their making. One model is in memory at a time.</summary>
    /// <param name="pruned">The pruned, and perhaps tuned, model folder with its <c>plan.json</c>.</param>
    /// <param name="parentFolder">The model it was made from.</param>
    /// <param name="compute">Where and in which type it computes.</param>
    /// <param name="cancellation">Calls the computing off.</param>
    /// <exception cref="InputException">A folder is no complete model.</exception>
    public static IReadOnlyList<Check> Of(string pruned, string parentFolder, Compute compute, CancellationToken cancellation = default)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var plan = PlanFile.Load(Path.Combine(pruned, PlanFile.Name));
        Tensor expected;
        using (var parent = LoadedModel.Open(parentFolder, compute.Device, compute.Type, cancellation: cancellation))
        using (var kept = parent.Model.Keep([.. plan.Kept]))
        using (var batch = Batch.Pack([Question(parent.Processor)], compute.Device))
        {
            PutBridges(parent.Model, pruned, parentFolder, plan);
            expected = kept.Logits(kept.Hidden(batch));
            parent.Model.CheckUnchanged();
        }
        using var child = LoadedModel.Open(pruned, compute.Device, compute.Type, cancellation: cancellation);
        using var question = Batch.Pack([Question(child.Processor)], compute.Device);
        Tensor actual = child.Model.Logits(child.Model.Hidden(question));
        Check[] checks = [Logits(child, expected, actual, Noise(child.Model, OfTheStream)),
            Decoding(child, Noise(child.Model, compute.Type == ScalarType.BFloat16 ? OfResults : OfSums))];
        child.Model.CheckUnchanged();
        return checks;
    }

    /// <summary>Puts the weights with bridges of a pruned folder in the place of the parent's own.</summary>
    private static void PutBridges(VisionLanguageModel parent, string pruned, string parentFolder, PruningPlan plan)
    {
        if (!File.Exists(Path.Combine(pruned, PrunedModelFile.Name)) || PrunedModelFile.Load(pruned).Bridge is not { } bridge) return;
        using Checkpoint child = Checkpoint.Open(pruned), old = Checkpoint.Open(parentFolder);
        var (layout, oldLayout) = (DecoderLayout.Of(child), DecoderLayout.Of(old));
        foreach (int layer in bridge.Layers.Select(bridged => bridged.Layer))
        {
            var linear = parent.Layers[layer].FeedForwardOutput;
            foreach (var parameter in new[] { linear.Weight, linear.Bias }.OfType<Parameter>())
            {
                string name = layout.Name(plan.NewIndex(layer)!.Value, oldLayout.Parse(parameter.Name)!.Value.Part);
                var (file, entry) = child.Find(name);
                using Tensor value = ParameterSources.Load(file, entry, parent.Device);
                parameter.Exchange(value.to(parent.ComputeType, copy: true)).Dispose();
            }
        }
    }

    /// <summary>
    /// How far logits may lie apart, as a part of the largest, that are equal but for rounding:
    /// roundings of the type add up over the layers as the steps of a random walk do.
    /// </summary>
    private static double Noise(VisionLanguageModel model, int roundings) =>
        (model.ComputeType == ScalarType.BFloat16 ? Math.Pow(2, -8) : Math.Pow(2, -23)) * Math.Sqrt(roundings * model.Layers.Count);

    private static Check Logits(LoadedModel model, Tensor expected, Tensor actual, double noise)
    {
        const string name = "logits";
        if (File.Exists(Path.Combine(model.Folder, PrunedModelFile.TrainingRecordName)))
            return new(name, true, "The model is tuned: its logits are its own and were not compared with the parent's.");
        double deviation = Deviation(expected, actual);
        return new(name, deviation <= noise,
            $"On {Asked(model.Processor)} they differ from those of the parent without the dropped layers by {deviation:g2} of the "
                + $"largest; rounding explains {noise:g2}.");
    }

    /// <summary>
    /// Decodes with a cache and goes over the same tokens without one: every choice must rest on the same logits, up to rounding.
    /// Where they do, the two ways can choose different tokens only if the best two
    /// are as near as that to each other, which is no fault.
    /// </summary>
    private static Check Decoding(LoadedModel model, double noise)
    {
        const string name = "decoding";
        var prompt = Question(model.Processor);
        var seen = new List<Tensor>();   // [1, vocabulary] before each choice
        var generator = new Vlm.Generation.Generator(model.Model, new GenerationOptions(DecodedTokens, Slots: 1), [])
        {
            Observe = (what, value) =>
            {
                if (what == Vlm.Generation.Generator.Logits) seen.Add(value.detach().clone().DetachFromDisposeScope());
            },
        };
        int[] ids;
        try
        {
            ids = generator.Run([prompt]).Single().Ids;
        }
        catch (NotANumberException e)
        {
            return new(name, false, e.Message);
        }
        double largest = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            using var step = NewDisposeScope();
            using Tensor cached = seen[i];
            using var batch = Batch.Pack([prompt.Followed(ids[..i])], model.Model.Device);
            Tensor uncached = model.Model.Logits(model.Model.Hidden(batch).narrow(0, prompt.Length + i - 1, 1));
            double deviation = Deviation(uncached, cached);
            largest = Math.Max(largest, deviation);
            if (deviation > noise)
                return new(name, false, $"The logits of token {i} differ by {deviation:g2} of the largest with a cache from those "
                    + $"without; rounding explains {noise:g2}.");
        }
        return new(name, true, $"{ids.Length} tokens decoded with a cache rest on the logits of decoding without: "
            + $"they differ by {largest:g2} of the largest; rounding explains {noise:g2}.");
    }

    private static double Deviation(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Tensor a = expected.to(ScalarType.Float64), b = actual.to(ScalarType.Float64);
        return ((a - b).abs().max() / a.abs().max()).item<double>();
    }

    /// <summary>What <see cref="Question"/> shows, in words.</summary>
    private static string Asked(Processor processor) => processor.ReadsImages ? "a picture and a question" : "a question";

    private static EncodedSample Question(Processor processor)
    {
        if (!processor.ReadsImages)
            return processor.Encode([new ChatMessage("user", "What colours does a rainbow have?")], [], addGenerationPrompt: true);
        byte[] pixels = new byte[Side * Side * 3];
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
                (pixels[(y * Side + x) * 3], pixels[(y * Side + x) * 3 + 1], pixels[(y * Side + x) * 3 + 2]) =
                    ((byte)(2 * x), (byte)(2 * y), (byte)(x * y / 64));
        return processor.Encode([new ChatMessage("user", [new ImagePart(), new TextPart("What colours does this picture show?")])],
            [new RgbImage(Side, Side, pixels)], addGenerationPrompt: true);
    }
}
