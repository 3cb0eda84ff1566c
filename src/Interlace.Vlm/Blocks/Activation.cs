using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using GELU = TorchSharp.Modules.GELU;

namespace Interlace.Vlm.Blocks;

/// <summary>The function between two linear layers, by its name in <c>config.json</c> (<c>hidden_act</c>).</summary>
public static class Activation
{
    private static readonly Func<Tensor, Tensor> Silu = static x => functional.silu(x);

    private static readonly Dictionary<string, Func<Tensor, Tensor>> Functions = new(StringComparer.Ordinal)
    {
        ["silu"] = Silu,
        ["gelu"] = static x => x.gelu(),
        ["gelu_pytorch_tanh"] = static x => x.gelu(GELU.Approximate.tanh),
        ["quick_gelu"] = static x => x.mul(x.Times(1.702).sigmoid()),   // OpenAI's CLIP
    };

    /// <summary>Names of all of them.</summary>
    public static IEnumerable<string> Names => Functions.Keys;

    /// <summary>The function of a name, element by element; null where it is not known.</summary>
    public static Func<Tensor, Tensor>? Find(string name) => Functions.GetValueOrDefault(name);

    /// <summary>activation(gate) * up, [N, S] each; without a gradient the result may take the place of the gate. -> [N, S].</summary>
    /// <param name="activation">The function, as <see cref="Find"/> gave it.</param>
    /// <param name="gate">Nobody else may look at it afterwards.</param>
    /// <param name="up">What it is multiplied by.</param>
    public static Tensor Gated(Func<Tensor, Tensor> activation, Tensor gate, Tensor up)
    {
        using var part = Profile.Of("gate");
        return ReferenceEquals(activation, Silu) && GatedRows.Serves(gate, up) ? GatedRows.Silu(gate, up) : activation(gate).mul(up);
    }
}
