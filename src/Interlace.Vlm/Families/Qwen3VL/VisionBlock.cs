using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;
using GELU = TorchSharp.Modules.GELU;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>A block of the vision tower: full attention within an image, then a feed-forward, both on normed input and residual.</summary>
internal sealed class VisionBlock(ParameterSource source, string name, VisionConfig config)
{
    private readonly LayerNorm _norm1 = new(source, $"{name}.norm1", config.HiddenSize, VisionTower.Epsilon);
    private readonly LayerNorm _norm2 = new(source, $"{name}.norm2", config.HiddenSize, VisionTower.Epsilon);
    private readonly Linear _qkv = new(source, $"{name}.attn.qkv", config.HiddenSize, 3 * config.HiddenSize, bias: true);
    private readonly Linear _projection = new(source, $"{name}.attn.proj", config.HiddenSize, config.HiddenSize, bias: true);
    private readonly Linear _up = new(source, $"{name}.mlp.linear_fc1", config.HiddenSize, config.InnerSize, bias: true);
    private readonly Linear _down = new(source, $"{name}.mlp.linear_fc2", config.InnerSize, config.HiddenSize, bias: true);

    public Tensor Forward(Tensor x, Rotary rotary, PackedAttention attention)   // [P, D] -> [P, D]
    {
        using var scope = NewDisposeScope();
        Tensor qkv = _qkv.Forward(_norm1.Forward(x)).view(-1, 3, config.HeadCount, config.HiddenSize / config.HeadCount);
        Tensor q = rotary.Apply(qkv.select(1, 0)), k = rotary.Apply(qkv.select(1, 1));
        x = x.Plus(_projection.Forward(attention.Forward(q, k, qkv.select(1, 2).contiguous())));
        return x.Plus(_down.Forward(_up.Forward(_norm2.Forward(x)).gelu(GELU.Approximate.tanh))).MoveToOuterDisposeScope();
    }
}
