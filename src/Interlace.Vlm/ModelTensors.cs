using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>The tensors that a model folder's configuration asks for. Nothing is read of the weights but their names.</summary>
public static class ModelTensors
{
    /// <summary>
    /// Name and shape of every tensor; the names are those of the folder's files, or the newer ones where it has none yet.
    /// </summary>
    /// <exception cref="InputException">The configuration is wrong, or its family is not known.</exception>
    public static IReadOnlyDictionary<string, long[]> Expected(string folder)
    {
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal);
        WithoutWeights(folder, expected).Dispose();
        return expected;
    }

    /// <summary>By decoder layer, name and shape of the weight [output, input] of each of its linear layers.</summary>
    /// <exception cref="InputException">
    /// The configuration is wrong, its family is not known, or some of its weights belong to no linear layer (experts).
    /// </exception>
    public static IReadOnlyList<IReadOnlyList<(string Name, long[] Shape)>> DecoderLinears(string folder)
    {
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal);
        using var model = WithoutWeights(folder, expected);
        if (model.Layers.SelectMany(layer => layer.Parameters).FirstOrDefault(weight => expected[weight.Name].Length > 2) is { } experts)
        {
            throw new InputException($"{folder} has layers with experts, whose matrices lie together in one tensor ({experts.Name}): "
                + "making those sparse is not supported.");
        }
        (string, long[]) Described(Linear linear) => (linear.Weight.Name, expected[linear.Weight.Name]);
        return [.. model.Layers.Select(layer => layer.Linears.Select(Described).ToArray())];
    }

    private static VisionLanguageModel WithoutWeights(string folder, Dictionary<string, long[]> expected)
    {
        bool hasWeights = new[] { Checkpoint.SingleName, Checkpoint.IndexName }.Any(name => File.Exists(Path.Combine(folder, name)));
        using var checkpoint = hasWeights ? Checkpoint.Open(folder) : null;
        var config = checkpoint is null ? ModelConfig.Read(folder) : ModelConfig.Of(checkpoint);
        var (family, parts) = FamilyTable.Runnable(config);
        var source = ParameterSources.Recorder(expected);
        return VisionLanguageModel.Create(family, parts, config, checkpoint?.Names ?? [], source, CPU, ScalarType.Float32, weights: null);
    }
}
