namespace Interlace.Vlm.Images;

/// <summary>
/// A bound on pictures that a model's own rules make of an image: a narrow one can ask for a picture larger than any memory.
/// </summary>
internal static class ImageBounds
{
    /// <summary>Makes sure that a picture has no more pixels than one that is decoded may have.</summary>
    /// <param name="image">The image that it is made of.</param>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Its height.</param>
    /// <exception cref="InputException">It has more.</exception>
    public static (int Width, int Height) Check((int Width, int Height) image, long width, long height) =>
        width <= ImageDecoder.MaxPixels / height
            ? ((int)width, (int)height)
            : throw new InputException($"An image of {image.Width} x {image.Height} pixels is too narrow for this model: "
                + $"it would be brought to {width} x {height}, more than the {ImageDecoder.MaxPixels} pixels that an image may have.");
}
