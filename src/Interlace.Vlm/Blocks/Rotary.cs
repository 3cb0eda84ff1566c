using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>Cosines and sines of a rotary embedding, [N, 1, d / 2] each: the two halves of a head turn by the same angles.</summary>
public sealed record Rotary(Tensor Cos, Tensor Sin)
{
    /// <summary>From angles [N, d / 2] in fp32.</summary>
    public static Rotary FromAngles(Tensor angles, ScalarType type)
    {
        Tensor byToken = angles.contiguous();   // positions come axis by axis
        return new(byToken.cos().to(type).unsqueeze(1), byToken.sin().to(type).unsqueeze(1));
    }

    /// <summary>That of some of the tokens.</summary>
    /// <param name="rows">Takes their rows out of a tensor of all.</param>
    public Rotary Select(Func<Tensor, Tensor> rows) => new(rows(Cos), rows(Sin));

    /// <summary>
    /// Turns each head, normed before where there is a norm: element i of the first half with element i of the second.
    /// [N, H, d] -> [N, H, d].
    /// </summary>
    public Tensor Apply(Tensor x, RmsNorm? norm = null)
    {
        using var part = Profile.Of("rotary");
        var own = norm?.Of(x.dtype);
        if (HeadTurns.Serves(x, Cos, Sin, own)) return HeadTurns.Apply(x, Cos, Sin, own);
        if (norm is not null) x = norm.Forward(x);
        long half = x.shape[^1] / 2;
        Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
        return cat([a * Cos - b * Sin, (b * Cos).Plus(a * Sin)], -1);
    }

    /// <summary>1 / theta^(2 i / size) for i below size / 2.</summary>
    public static Tensor Frequencies(long size, double theta, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor exponents = tensor(Enumerable.Range(0, (int)(size + 1) / 2).Select(i => 2f * i / size).ToArray(), device: device);
        return pow(tensor((float)theta, device: device), exponents).reciprocal().MoveToOuterDisposeScope();
    }
}
