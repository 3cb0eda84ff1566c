using System.Text.RegularExpressions;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.DemoModel.Training;

/// <summary>
/// A model of twice as many layers out of a trained one (Gong et al., 2019): every layer twice, one behind the other, each adding half of what the one added. It answers nearly as the shallow one does and learns on from there.
/// A shallow model learns what to look for in a fraction of the time.
/// </summary>
public static partial class Growth
{
    /// <summary>The matrix of the words that are read.</summary>
    public const string Embeddings = "model.language_model.embed_tokens.weight";

    private const string Head = "lm_head.weight";

    /// <summary>Parameters of the deeper model.</summary>
    /// <param name="state">A state of a training: its weights are <c>weight.NAME</c>.</param>
    public static ParameterSource Double(SafeTensorsFile state)
    {
        var same = Same(state);
        return (name, shape) =>
        {
            var shallow = same(Layer().Replace(name, match => $"layers.{int.Parse(match.Groups[1].ValueSpan) / 2}."), shape);
            bool adds = Layer().IsMatch(name) && (name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal));
            return Scaled(name, shallow, adds ? 0.5 : 1.0);
        };
    }

    /// <summary>
    /// Parameters of a model whose tower has learnt to see, with a new decoder behind it. A word that is read begins as what is seen begins: the same direction as in the output layer, but small, so that every layer can add to it.
    /// </summary>
    /// <param name="state">The tower's state.</param>
    /// <param name="fresh">New parameters.</param>
    public static ParameterSource Behind(SafeTensorsFile state, ParameterSource fresh)
    {
        var (same, saved) = (Same(state), state.Tensors.Select(t => t.Name).ToHashSet(StringComparer.Ordinal));
        return (name, shape) =>
        {
            if (saved.Contains("weight." + name)) return same(name, shape);
            if (name != Embeddings) return fresh(name, shape);
            using var scope = NewDisposeScope();
            var head = same(Head, shape);
            return Scaled(name, head, FreshParameters.Deviation / head.Value.std().item<float>());
        };
    }

    /// <summary>The parameters as they are, copied: the file may be closed.</summary>
    public static ParameterSource Same(SafeTensorsFile state)
    {
        var saved = state.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        return (name, _) =>
        {
            using var scope = NewDisposeScope();
            return new Parameter(name, ParameterSources.Load(state, saved["weight." + name], CPU).clone());
        };
    }

    private static Parameter Scaled(string name, Parameter parameter, double factor)
    {
        using var scope = NewDisposeScope();
        using (parameter) return new Parameter(name, parameter.Value.Times(factor));
    }

    [GeneratedRegex(@"(?<=^model\.language_model\.)layers\.(\d+)\.")]
    private static partial Regex Layer();
}
