using Interlace.Vlm.Images;

namespace Interlace.Vlm.Inputs;

/// <summary>How a family prepares images, and which tokens stand for one. Safe for use by several threads.</summary>
internal interface IImageProcessor
{
    /// <summary>Id of a visual token; the chat template writes it once for each image.</summary>
    int ImageToken { get; }

    /// <summary>
    /// Side of the square to multiples of which the makers' own evaluation brings images before this processor sees them;
    /// null where it leaves them alone.
    /// </summary>
    int? PublishedSquare => null;

    /// <summary>The same with another lower bound on the pixels of an image.</summary>
    /// <param name="minPixels">The bound; smaller images are enlarged.</param>
    /// <exception cref="InputException">This family's images have no such bound.</exception>
    IImageProcessor WithMinPixels(long minPixels) =>
        throw new InputException($"min_pixels is {minPixels}, but this model's images have no lower bound to set: leave it out.");

    /// <summary>Resizes an image and cuts it into tiles, with the bytes that the reference's processor gives.</summary>
    /// <param name="image">The image.</param>
    /// <param name="imageCount">Images of the conversation: some families cut a single one alone.</param>
    /// <exception cref="InputException">The image's sides do not suit the model.</exception>
    VisualInput Prepare(RgbImage image, int imageCount);

    /// <summary>
    /// The tokens that take the place of an image's placeholder: <see cref="VisualInput.TokenCount"/> visual ones, and marks.
    /// </summary>
    /// <exception cref="InputException">The image was not prepared for this model.</exception>
    IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image);
}
