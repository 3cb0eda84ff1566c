using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// Grouped-query attention: H query heads share G key heads. A norm of each head of queries and keys (Qwen3), a bias of the first three
/// projections (Qwen2) and one of the last are optional parts.
/// </summary>
internal sealed class Attention(ParameterSource source, string name, DecoderSpec spec)
{
    private readonly Linear _q = new(source, $"{name}.q_proj", spec.HiddenSize, spec.HeadCount * spec.HeadSize, spec.InputBias);
    private readonly Linear _k = new(source, $"{name}.k_proj", spec.HiddenSize, spec.KeyHeadCount * spec.HeadSize, spec.InputBias);
    private readonly Linear _v = new(source, $"{name}.v_proj", spec.HiddenSize, spec.KeyHeadCount * spec.HeadSize, spec.InputBias);
    private readonly Linear _o = new(source, $"{name}.o_proj", spec.HeadCount * spec.HeadSize, spec.HiddenSize, spec.OutputBias);
    private readonly RmsNorm? _qNorm = spec.HeadNorms ? HeadNorm(source, $"{name}.q_norm", spec) : null;
    private readonly RmsNorm? _kNorm = spec.HeadNorms ? HeadNorm(source, $"{name}.k_norm", spec) : null;

    /// <summary>Its linear layers: queries, keys, values, output.</summary>
    public IReadOnlyList<Linear> Linears => [_q, _k, _v, _o];

    /// <summary>
    /// Normed states of some tokens [n, D] -> their queries [n, H, d], turned by position; keys, likewise, and values [n, G, d].
    /// </summary>
    /// <param name="x">The states.</param>
    /// <param name="rotary">The turns of these tokens.</param>
    /// <param name="observe">Sees what the linear layers read, or null.</param>
    public Tensor[] Project(Tensor x, Rotary rotary, LinearObserver? observe)
    {
        Tensor q = _q.Forward(x, observe).view(-1, spec.HeadCount, spec.HeadSize);
        Tensor k = _k.Forward(x, observe).view(-1, spec.KeyHeadCount, spec.HeadSize);
        return [rotary.Apply(q, _qNorm), rotary.Apply(k, _kNorm), _v.Forward(x, observe).view(-1, spec.KeyHeadCount, spec.HeadSize)];
    }

    /// <summary>What the queries read [N, H * d] -> [N, D].</summary>
    public Tensor Output(Tensor read, LinearObserver? observe) => _o.Forward(read, observe);

    private static RmsNorm HeadNorm(ParameterSource source, string name, DecoderSpec spec) =>
        new(source, name, spec.HeadSize, spec.NormEpsilon, spec.NormsPlusOne);
}
