using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Blocks;

/// <summary>The gated feed-forward of Llama and Qwen: down(silu(gate(x)) * up(x)).</summary>
public sealed class SwiGlu(ParameterSource source, string name, long size, long inner)
{
    private readonly Linear _gate = new(source, $"{name}.gate_proj", size, inner), _up = new(source, $"{name}.up_proj", size, inner), _down = new(source, $"{name}.down_proj", inner, size);

    /// <summary>Its linear layers: gate, up, down.</summary>
    public IReadOnlyList<Linear> Linears => [_gate, _up, _down];

    /// <summary>[N, size] -> [N, size].</summary>
    public Tensor Run(Tensor x, LinearObserver? observe = null) => _down.Run(functional.silu(_gate.Run(x, observe)).mul(_up.Run(x, observe)), observe);
}
