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
    /// <exception cref="InputException">The configuration is wrong, or its family is not known.</exception>
    public static IReadOnlyList<IReadOnlyList<(string Name, long[] Shape)>> DecoderLinears(string folder)
    {
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal);
        using var model = WithoutWeights(folder, expected);
        (string, long[]) Described(Linear linear) => (linear.Weight.Name, expected[linear.Weight.Name]);
        return [.. model.Layers.Select(layer => layer.Linears.Select(Described).ToArray())];
    }

    private static VisionLanguageModel WithoutWeights(string folder, Dictionary<string, long[]> expected)
    {
        var config = ModelConfig.Read(folder);
        var (family, parts) = FamilyTable.Runnable(config);
        var source = ParameterSources.Recorder(expected);
        return VisionLanguageModel.Create(family, parts, config, NamesIn(folder), source, CPU, ScalarType.Float32, weights: null);
    }

    private static IReadOnlyCollection<string> NamesIn(string folder)
    {
        if (!new[] { Checkpoint.SingleName, Checkpoint.IndexName }.Any(name => File.Exists(Path.Combine(folder, name)))) return [];
        using var checkpoint = Checkpoint.Open(folder);
        return [.. checkpoint.Names];
    }
}
