using Interlace.Vlm.Images;

namespace Interlace.Vlm.Inputs;

/// <summary>One image as a vision encoder reads it: resized, cut into tiles where the family does that, and not yet normalised.</summary>
/// <param name="Tiles">The pictures that the encoder sees, in its order; one where nothing is cut.</param>
/// <param name="Width">Width of the image as it was, in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Grid">How the tiles lie, without a picture of the whole beside them.</param>
/// <param name="TokenCount">Visual tokens that stand for the image.</param>
public sealed record VisualInput(IReadOnlyList<RgbImage> Tiles, int Width, int Height, TileGrid Grid, int TokenCount)
{
    /// <summary>An image that is seen whole, at another size.</summary>
    public static VisualInput Whole(RgbImage resized, RgbImage original, int tokenCount) =>
        new([resized], original.Width, original.Height, new(1, 1), tokenCount);
}
