using Interlace.Vlm.Engine;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Blocks;

/// <summary>The function between two linear layers, by its name in <c>config.json</c> (<c>hidden_act</c>).</summary>
public static class Activation
{
    private static readonly Dictionary<string, Func<Tensor, Tensor>> Functions = new(StringComparer.Ordinal)
    {
        ["silu"] = static x => functional.silu(x),
        ["gelu"] = static x => Aten.Gelu(x, tanh: false),
        ["gelu_pytorch_tanh"] = static x => Aten.Gelu(x, tanh: true),
        ["quick_gelu"] = static x => x.mul(x.Times(1.702).sigmoid()),   // OpenAI's CLIP
    };

    /// <summary>Names of all of them.</summary>
    public static IEnumerable<string> Names => Functions.Keys;

    /// <summary>The function of a name, element by element; null where it is not known.</summary>
    public static Func<Tensor, Tensor>? Find(string name) => Functions.GetValueOrDefault(name);
}
