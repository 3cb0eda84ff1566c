using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>Brings 8-bit pixels to the mean and deviation that a vision encoder was trained with.</summary>
internal sealed class PixelNormalisation : IDisposable
{
    private readonly Tensor _mean, _deviation;   // [3, 1, 1] in units of the 8-bit pixels

    /// <param name="mean">Mean per channel, of values 0 to 1.</param>
    /// <param name="deviation">Standard deviation per channel.</param>
    /// <param name="device">Where it is done.</param>
    public PixelNormalisation(IReadOnlyList<double> mean, IReadOnlyList<double> deviation, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Channels(IReadOnlyList<double> values) =>
            tensor(values.Select(value => (float)(value * 255)).ToArray(), device: device).view(3, 1, 1).DetachFromDisposeScope();
        (_mean, _deviation) = (Channels(mean), Channels(deviation));
    }

    /// <summary>[.., 3, h, w] in fp32, 0 to 255 -> the same, normalised.</summary>
    public Tensor Forward(Tensor pixels) => (pixels - _mean) / _deviation;

    public void Dispose()
    {
        _mean.Dispose();
        _deviation.Dispose();
    }
}
