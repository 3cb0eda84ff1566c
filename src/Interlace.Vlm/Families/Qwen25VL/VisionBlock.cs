using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Qwen25VL;

/// <summary>A block of the vision tower: attention, then a gated feed-forward, both on normed input and residual.</summary>
internal sealed class VisionBlock(ParameterSource source, string name, VisionConfig config)
{
    /// <summary>Of all norms.</summary>
    public const double Epsilon = 1e-6;

    private readonly RmsNorm _norm1 = new(source, $"{name}.norm1", config.Width, Epsilon),
        _norm2 = new(source, $"{name}.norm2", config.Width, Epsilon);
    private readonly Linear _qkv = new(source, $"{name}.attn.qkv", config.Width, 3 * config.Width, bias: true);
    private readonly Linear _projection = new(source, $"{name}.attn.proj", config.Width, config.Width, bias: true);
    private readonly Linear _gate = new(source, $"{name}.mlp.gate_proj", config.Width, config.InnerSize, bias: true);
    private readonly Linear _up = new(source, $"{name}.mlp.up_proj", config.Width, config.InnerSize, bias: true);
    private readonly Linear _down = new(source, $"{name}.mlp.down_proj", config.InnerSize, config.Width, bias: true);

    public Tensor Forward(Tensor x, Rotary rotary, PackedAttention attention)   // [P, D] -> [P, D]
    {
        using var scope = NewDisposeScope();
        Tensor qkv = _qkv.Forward(_norm1.Forward(x)).view(-1, 3, config.HeadCount, config.Width / config.HeadCount);
        Tensor q = rotary.Apply(qkv.select(1, 0)), k = rotary.Apply(qkv.select(1, 1));
        x = x.Plus(_projection.Forward(attention.Forward(q, k, qkv.select(1, 2).contiguous())));
        Tensor normed = _norm2.Forward(x);
        Tensor gated = Activation.Gated(config.Activation, _gate.Forward(normed), _up.Forward(normed));
        return x.Plus(_down.Forward(gated)).MoveToOuterDisposeScope();
    }
}
