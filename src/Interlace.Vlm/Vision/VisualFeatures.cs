using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>What a vision encoder gives.</summary>
/// <param name="Merged">[V, D] features that take the places of the visual tokens, in their order.</param>
/// <param name="Levels">Further features [V, D] that are added behind the first decoder layers (DeepStack); none in most families.</param>
public sealed record VisualFeatures(Tensor Merged, IReadOnlyList<Tensor> Levels);
