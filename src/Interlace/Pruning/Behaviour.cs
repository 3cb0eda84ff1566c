using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Pruning;

/// <summary>
/// Checks what a pruned model computes: its logits on a picture and a question equal those of its parent with the same layers left out, and decoding with a cache gives the tokens of decoding without.
/// </summary>
public static class Behaviour
{
    private const int DecodedTokens = 12, Side = 128;

    /// <summary>The checks, in the order of their making. One model is in memory at a time.</summary>
    /// <param name="pruned">The pruned, and perhaps tuned, model folder with its <c>plan.json</c>.</param>
    /// <param name="parentFolder">The model it was made from.</param>
    /// <param name="compute">Where and in which type it computes.</param>
    /// <exception cref="InputException">A folder is no complete model.</exception>
    public static IReadOnlyList<Check> Of(string pruned, string parentFolder, Compute compute)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var plan = PlanFile.Load(Path.Combine(pruned, PlanFile.Name));
        Tensor expected;
        using (var parent = ModelFamilies.Open(parentFolder, compute.Device, compute.Type))
        using (var kept = parent.Model.Keep([.. plan.Kept]))
        using (var batch = Batch.Pack([Question(parent.Processor)], compute.Device))
            expected = kept.Logits(kept.Hidden(batch));
        using var child = ModelFamilies.Open(pruned, compute.Device, compute.Type);
        using var question = Batch.Pack([Question(child.Processor)], compute.Device);
        Tensor actual = child.Model.Logits(child.Model.Hidden(question));
        return [Logits(pruned, expected, actual), Decoding(child)];
    }

    private static Check Logits(string folder, Tensor expected, Tensor actual)
    {
        const string name = "logits";
        if (File.Exists(Path.Combine(folder, PrunedModelFile.TrainingRecordName))) return new(name, true, "The model is tuned: its logits are its own and were not compared with the parent's.");
        double deviation = (actual - expected).abs().max().to(ScalarType.Float64).item<double>() / expected.abs().max().to(ScalarType.Float64).item<double>();
        // Same weights and same operations; only the placement of the same numbers in memory may differ.
        return new(name, deviation <= 1e-6, $"On a picture and a question they differ from those of the parent without the dropped layers by {deviation:g2} of the largest.");
    }

    private static Check Decoding(LoadedModel model)
    {
        var prompt = Question(model.Processor);
        int[] cached = new Vlm.Generator(model.Model, new GenerationOptions(DecodedTokens, Slots: 1), []).Run([prompt]).Single().Ids;
        var grown = prompt;
        for (int i = 0; i < DecodedTokens; i++)
        {
            using var step = NewDisposeScope();
            using var batch = Batch.Pack([grown], model.Model.Device);
            int next = (int)model.Model.Logits(model.Model.Hidden(batch).narrow(0, grown.Length - 1, 1)).argmax(-1).item<long>();
            if (next != cached[i]) return new("decoding", false, $"Token {i} is {cached[i]} with a cache and {next} without.");
            grown = Append(grown, next);
        }
        return new("decoding", true, $"{DecodedTokens} tokens decoded with a cache are those decoded without.");
    }

    private static EncodedSample Question(IProcessor processor)
    {
        byte[] pixels = new byte[Side * Side * 3];
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
                (pixels[(y * Side + x) * 3], pixels[(y * Side + x) * 3 + 1], pixels[(y * Side + x) * 3 + 2]) = ((byte)(2 * x), (byte)(2 * y), (byte)(x * y / 64));
        return processor.Encode([new ChatMessage("user", [new ImagePart(), new TextPart("What colours does this picture show?")])], [new RgbImage(Side, Side, pixels)], addGenerationPrompt: true);
    }

    private static EncodedSample Append(EncodedSample sample, int id)
    {
        int[] positions = [.. Enumerable.Range(0, 3).SelectMany(axis => sample.Positions.Skip(axis * sample.Length).Take(sample.Length).Append(sample.NextPosition))];
        return sample with { Ids = [.. sample.Ids, id], Kinds = [.. sample.Kinds, TokenKind.Answer], Positions = positions, NextPosition = sample.NextPosition + 1 };
    }
}
