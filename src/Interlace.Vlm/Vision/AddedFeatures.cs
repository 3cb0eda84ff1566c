using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>Visual features that are added to the residual stream behind the first decoder layers (DeepStack), by position.</summary>
/// <param name="Rows">[V] rows of the visual tokens, int64; the batch's, not freed here.</param>
/// <param name="Levels">Level l [V, D] is added behind decoder layer l.</param>
public sealed record AddedFeatures(Tensor Rows, IReadOnlyList<Tensor> Levels) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor level in Levels) level.Dispose();
    }
}
