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
    /// <summary>Parameters of the deeper model.</summary>
    /// <param name="state">A state of a training: its weights are <c>weight.NAME</c>.</param>
    public static ParameterSource Double(SafeTensorsFile state)
    {
        var saved = state.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        return (name, _) =>
        {
            using var scope = NewDisposeScope();
            Tensor value = ParameterSources.Load(state, saved["weight." + Layer().Replace(name, match => $"layers.{int.Parse(match.Groups[1].ValueSpan) / 2}.")], CPU);
            bool adds = Layer().IsMatch(name) && (name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal));
            return new Parameter(name, value.Times(adds ? 0.5 : 1.0));
        };
    }

    /// <summary>The parameters as they are.</summary>
    public static ParameterSource Same(SafeTensorsFile state)
    {
        var saved = state.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        return (name, _) => new Parameter(name, ParameterSources.Load(state, saved["weight." + name], CPU));
    }

    [GeneratedRegex(@"(?<=^model\.language_model\.)layers\.(\d+)\.")]
    private static partial Regex Layer();
}
