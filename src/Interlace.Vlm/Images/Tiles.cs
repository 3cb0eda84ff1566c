namespace Interlace.Vlm.Images;

/// <summary>Cuts squares out of images, and puts images on larger ones.</summary>
internal static class Tiles
{
    /// <summary>A square of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="left">Its first column.</param>
    /// <param name="top">Its first row.</param>
    /// <param name="side">Its side; it lies within the image.</param>
    public static RgbImage Cut(RgbImage image, int left, int top, int side)
    {
        if (image.IsOutline) return RgbImage.Outline(side, side);
        byte[] pixels = new byte[side * side * 3];
        for (int y = 0; y < side; y++)
            image.Pixels.AsSpan(((top + y) * image.Width + left) * 3, side * 3).CopyTo(pixels.AsSpan(y * side * 3));
        return new(side, side, pixels);
    }

    /// <summary>An image cut into squares that cover it, row by row.</summary>
    /// <param name="image">An image whose sides are multiples of <paramref name="side"/>.</param>
    /// <param name="side">Side of a square.</param>
    public static IEnumerable<RgbImage> Grid(RgbImage image, int side) =>
        from row in Enumerable.Range(0, image.Height / side)
        from column in Enumerable.Range(0, image.Width / side)
        select Cut(image, column * side, row * side, side);

    /// <summary>
    /// An image in the middle of a larger one of one colour; where the border cannot be halved, less of it lies left and above.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="width">Width of the larger one.</param>
    /// <param name="height">Its height.</param>
    /// <param name="colour">[3] red, green, blue.</param>
    /// <exception cref="InputException">The larger one would be larger than an image may be.</exception>
    public static RgbImage Centre(RgbImage image, int width, int height, ReadOnlySpan<byte> colour)
    {
        ImageBounds.Check((image.Width, image.Height), width, height);
        if (image.IsOutline) return RgbImage.Outline(width, height);
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i += 3) colour.CopyTo(pixels.AsSpan(i));
        (int left, int top) = ((width - image.Width) / 2, (height - image.Height) / 2);
        for (int y = 0; y < image.Height; y++)
            image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3).CopyTo(pixels.AsSpan(((top + y) * width + left) * 3));
        return new(width, height, pixels);
    }
}
