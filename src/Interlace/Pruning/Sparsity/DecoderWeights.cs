using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning.Sparsity;

/// <summary>The weights of the linear layers of all decoder layers (queries, keys, values, output, gate, up,
/// down) and nothing else.</summary>
internal static class DecoderWeights
{
    /// <summary>The weights by decoder layer, with the pattern laid over each.</summary>
    /// <exception cref="InputException">The model is of a family that is not built here, incomplete or quantised,
    /// or the pattern does not fit.</exception>
    public static IReadOnlyList<IReadOnlyList<DecoderWeight>> Of(Checkpoint model, SparsityPattern pattern)
    {
        if (model.Config.ContainsKey("quantization_config")) throw Quantised(model, "its config.json has a quantization_config");
        return [.. ModelTensors.DecoderLinears(model.Folder).Select(layer => layer.Select(weight =>
        {
            var (file, entry) = model.Find(weight.Name);
            if (entry.Type is not (ElementType.F16 or ElementType.BF16 or ElementType.F32 or ElementType.F64))
                throw Quantised(model, $"{weight.Name} is of type {entry.Type}");
            if (!entry.Shape.AsSpan().SequenceEqual(weight.Shape))
            {
                throw new InputException($"Tensor {weight.Name} of {model.Folder} has shape [{string.Join(", ", entry.Shape)}], "
                    + $"its config.json asks for [{string.Join(", ", weight.Shape)}].");
            }
            var (zeros, group) = pattern.In(weight.Shape[1], weight.Name);
            return new DecoderWeight(file, entry, zeros, group);
        }).ToArray())];
    }

    private static InputException Quantised(Checkpoint model, string sign) =>
        new($"{model.Folder} is quantised ({sign}): weights are made sparse in the model that it was made from.");
}
