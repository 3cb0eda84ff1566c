using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.DemoModel.Training;

/// <summary>Parameters out of the states of a training, in which a weight is <c>weight.NAME</c>.</summary>
public static class TrainedWeights
{
    /// <summary>The matrix of the words that are read.</summary>
    public const string Embeddings = "model.language_model.embed_tokens.weight";

    private const string Head = "lm_head.weight";

    /// <summary>
    /// Parameters of a model whose tower has learnt to see, with a new decoder behind it. A word that is read begins as what is seen begins: the same direction as in the output layer, but small, so that every layer can add to it.
    /// </summary>
    /// <param name="state">The tower's state.</param>
    /// <param name="fresh">New parameters.</param>
    public static ParameterSource WithNewDecoder(SafeTensorsFile state, ParameterSource fresh)
    {
        var (same, saved) = (All(state), state.Tensors.Select(t => t.Name).ToHashSet(StringComparer.Ordinal));
        return (name, shape) =>
        {
            if (saved.Contains("weight." + name)) return same(name, shape);
            if (name != Embeddings) return fresh(name, shape);
            using var scope = NewDisposeScope();
            using var head = same(Head, shape);
            return new Parameter(name, head.Value.Times(FreshParameters.Deviation / head.Value.std().item<float>()));
        };
    }

    /// <summary>The parameters as they are, copied: the file may be closed.</summary>
    public static ParameterSource All(SafeTensorsFile state)
    {
        var saved = state.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        return (name, _) =>
        {
            using var scope = NewDisposeScope();
            return new Parameter(name, ParameterSources.Load(state, saved["weight." + name], CPU).clone());
        };
    }
}
