using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>The gated feed-forward of Llama and Qwen (SwiGLU, where the activation is SiLU): down(activation(gate(x)) * up(x)).</summary>
internal sealed class GatedFeedForward(ParameterSource source, string name, DecoderSpec spec) : IFeedForward
{
    private readonly Linear _gate = new(source, $"{name}.gate_proj", spec.HiddenSize, spec.InnerSize, spec.InnerBias);
    private readonly Linear _up = new(source, $"{name}.up_proj", spec.HiddenSize, spec.InnerSize, spec.InnerBias);
    private readonly Linear _down = new(source, $"{name}.down_proj", spec.InnerSize, spec.HiddenSize, spec.InnerBias);

    /// <summary>Its linear layers: gate, up, down.</summary>
    public IReadOnlyList<Linear> Linears => [_gate, _up, _down];

    /// <summary>The last of them.</summary>
    public Linear? Output => _down;

    /// <summary>[N, D] -> [N, D].</summary>
    public Tensor Forward(Tensor x, Pass pass, int layer)
    {
        Tensor gate = _gate.Forward(x, pass.Observe);
        pass.Cancellation.ThrowIfCancellationRequested();
        Tensor inner = Activation.Gated(spec.Activation, gate, _up.Forward(x, pass.Observe));
        pass.Cancellation.ThrowIfCancellationRequested();
        return _down.Forward(inner, pass.Observe);
    }
}
