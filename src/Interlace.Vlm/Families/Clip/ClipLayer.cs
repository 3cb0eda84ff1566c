using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Clip;

/// <summary>A layer of the tower: attention within an image, then a feed-forward, both on normed input and residual.</summary>
internal sealed class ClipLayer(ParameterSource source, string name, ClipConfig config)
{
    private readonly LayerNorm _norm1 = new(source, $"{name}.layer_norm1", config.Width, config.Epsilon);
    private readonly VitAttention _attention = new(source, $"{name}.self_attn", "out_proj", config.Width, config.HeadCount);
    private readonly LayerNorm _norm2 = new(source, $"{name}.layer_norm2", config.Width, config.Epsilon);
    private readonly Linear _up = new(source, $"{name}.mlp.fc1", config.Width, config.InnerSize, bias: true);
    private readonly Linear _down = new(source, $"{name}.mlp.fc2", config.InnerSize, config.Width, bias: true);

    public Tensor Forward(Tensor x, PackedAttention attention)   // [N, D] -> [N, D]
    {
        using var scope = NewDisposeScope();
        x = x.Plus(_attention.Forward(_norm1.Forward(x), attention));
        return x.Plus(_down.Forward(config.Activation(_up.Forward(_norm2.Forward(x))))).MoveToOuterDisposeScope();
    }
}
