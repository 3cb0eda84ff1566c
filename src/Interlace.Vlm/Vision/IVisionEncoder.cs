using Interlace.Vlm.Blocks;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>Turns images into features that take the places of visual tokens: a family's vision tower with its projector.</summary>
public interface IVisionEncoder : IDisposable
{
    /// <summary>All parameters.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Number of levels of features that are added behind the first decoder layers; 0 in most families.</summary>
    int Levels { get; }

    /// <summary>The features of the images' tokens, in order. Pixels are normalised here, on the device.</summary>
    /// <param name="images">As the family's processor prepared them.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="observe">
    /// Is shown <see cref="VisionLanguageModel.VisionBegins"/> first, <see cref="VisionLanguageModel.VisionEnds"/> last; or null.
    /// </param>
    VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe);
}
