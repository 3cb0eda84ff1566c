using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.InternVL;

/// <summary>
/// A layer of InternViT: attention within a tile, then a feed-forward, both on normed input, residual, and scaled value by value.
/// </summary>
internal sealed class InternLayer
{
    private readonly Func<Tensor, Tensor> _before, _after;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly VitAttention _attention;
    private readonly Linear _up, _down;
    private readonly Parameter _lambda1, _lambda2;   // [D]

    public InternLayer(ParameterSource source, string name, InternConfig config)
    {
        _activation = config.Activation;
        _lambda1 = source($"{name}.lambda_1", config.Width);
        _lambda2 = source($"{name}.lambda_2", config.Width);
        RmsNorm HeadNorm(string own) => new(source, $"{name}.attention.{own}", config.Width, config.Epsilon);
        _attention = new(source, $"{name}.attention", "projection_layer", config.Width, config.HeadCount, config.InputBias)
        {
            Norms = config.NormsHeads ? (HeadNorm("q_norm"), HeadNorm("k_norm")) : null,
        };
        _up = new(source, $"{name}.mlp.fc1", config.Width, config.InnerSize, bias: true);
        _down = new(source, $"{name}.mlp.fc2", config.InnerSize, config.Width, bias: true);
        _before = Norm(source, $"{name}.layernorm_before", config);
        _after = Norm(source, $"{name}.layernorm_after", config);
    }

    public Tensor Forward(Tensor x, PackedAttention attention)   // [N, D] -> [N, D]
    {
        using var scope = NewDisposeScope();
        x = x.Plus(_attention.Forward(_before(x), attention).mul(_lambda1.As(x.dtype)));
        return x.Plus(_down.Forward(_activation(_up.Forward(_after(x)))).mul(_lambda2.As(x.dtype))).MoveToOuterDisposeScope();
    }

    private static Func<Tensor, Tensor> Norm(ParameterSource source, string name, InternConfig config) => config.UsesRmsNorm
        ? new RmsNorm(source, name, config.Width, config.Epsilon).Forward
        : new LayerNorm(source, name, config.Width, config.Epsilon).Forward;
}
