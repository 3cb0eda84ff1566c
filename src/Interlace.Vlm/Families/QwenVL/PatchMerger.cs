using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>Joins m x m patches, each normed, into one token (Qwen2-VL and Qwen2.5-VL).</summary>
internal sealed class PatchMerger
{
    private readonly Func<Tensor, Tensor> _norm;
    private readonly long _merged;
    private readonly Linear _up, _down;

    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="norm">The norm of a patch, [P, width] -> [P, width].</param>
    /// <param name="width">Width of the tower.</param>
    /// <param name="merge">Patches along a side of the block that becomes a token.</param>
    /// <param name="output">Width of a token.</param>
    public PatchMerger(ParameterSource source, string name, Func<Tensor, Tensor> norm, long width, long merge, long output)
    {
        (_norm, _merged) = (norm, width * merge * merge);
        _up = new(source, $"{name}.mlp.0", _merged, _merged, bias: true);
        _down = new(source, $"{name}.mlp.2", _merged, output, bias: true);
    }

    public Tensor Forward(Tensor x) =>   // [P, width] -> [P / m^2, output]
        _down.Forward(_up.Forward(_norm(x).view(-1, _merged)).gelu());
}
