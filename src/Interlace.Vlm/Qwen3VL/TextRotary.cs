using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Qwen3VL;

/// <summary>
/// Interleaved M-RoPE: frequency i turns by the time position, but every third from offset 1 by the height and from offset 2 by the width,
/// up to three times their sections.
/// </summary>
internal sealed class TextRotary(TextConfig config, Device device) : IDisposable
{
    private readonly Tensor _frequencies = Rotary.Frequencies(config.HeadSize, config.RopeTheta, device).DetachFromDisposeScope();   // [d / 2]
    private readonly Tensor _axes = tensor(Axes(config.RopeSections), device: device).DetachFromDisposeScope();                      // [d / 2]: 0, 1 or 2

    /// <summary>Positions [3, N] -> the rotary embedding of N tokens.</summary>
    public Rotary Run(Tensor positions, ScalarType type)
    {
        Tensor position = positions.index_select(0, _axes).transpose(0, 1).to(ScalarType.Float32);   // [N, d / 2]
        return Rotary.FromAngles(position * _frequencies, type);
    }

    public void Dispose()
    {
        _frequencies.Dispose();
        _axes.Dispose();
    }

    private static long[] Axes(int[] sections)
    {
        long[] axes = new long[sections.Sum()];
        for (int axis = 1; axis <= 2; axis++)
            for (int i = axis; i < 3 * sections[axis]; i += 3) axes[i] = axis;
        return axes;
    }
}
