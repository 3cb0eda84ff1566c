using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>When memory of tensors is given back.</summary>
internal static class TensorLifetime
{
    /// <summary>
    /// A state that takes the place of the one it was computed from, which is freed at once: a scope around a loop would hold them all.
    /// Where a graph needs the old one, it holds it itself.
    /// </summary>
    /// <param name="now">The new state; it may be the old one.</param>
    /// <param name="old">The one before.</param>
    public static Tensor InPlaceOf(this Tensor now, Tensor old)
    {
        if (!ReferenceEquals(old, now)) old.Dispose();
        return now;
    }
}
