namespace Interlace.Vlm.Images;

/// <summary>
/// A bound on the pictures that a model's own rules make of an image: a narrow image, or a settings file, can ask for one that is larger
/// than any memory.
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
            : throw new InputException($"An image of {image.Width} x {image.Height} pixels would be brought to {width} x {height} "
                + $"for this model, more than the {ImageDecoder.MaxPixels} that an image may have: make it less narrow.");
}
