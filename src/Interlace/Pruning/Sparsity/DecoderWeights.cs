using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning.Sparsity;

/// <summary>A weight matrix of a checkpoint that becomes sparse.</summary>
/// <param name="File">The file that holds it.</param>
/// <param name="Entry">Its place there.</param>
/// <param name="Zeros">Weights that become zero in each group.</param>
/// <param name="Group">Consecutive input columns of a group.</param>
internal sealed record DecoderWeight(SafeTensorsFile File, TensorEntry Entry, int Zeros, int Group)
{
    public string Name => Entry.Name;

    /// <exception cref="NotANumberException">A value is none: it would have no importance.</exception>
    public void CheckNumbers(CancellationToken cancellation)
    {
        if (NumberScan.First(File, Entry, cancellation) is { } element)
            throw new NotANumberException($"Weight {Name} of {File.Path} is no number (NaN or infinite) at element {element}: copy or download the model again.");
    }
}

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
                throw new InputException($"Tensor {weight.Name} of {model.Folder} has shape [{string.Join(", ", entry.Shape)}], its config.json asks for [{string.Join(", ", weight.Shape)}].");
            var (zeros, group) = pattern.In(weight.Shape[1], weight.Name);
            return new DecoderWeight(file, entry, zeros, group);
        }).ToArray())];
    }

    private static InputException Quantised(Checkpoint model, string sign) =>
        new($"{model.Folder} is quantised ({sign}): weights are made sparse in the model that it was made from.");
}
