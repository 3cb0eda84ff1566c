namespace Interlace.Vlm.Images;

/// <summary>A decoded image: 8-bit RGB, rows top to bottom, <c>Pixels[(y * Width + x) * 3 + channel]</c>.</summary>
public sealed record RgbImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>
    /// An image of which the sides alone are known, and no pixel: what is made of it has the sides that it would have, and no pixels
    /// either.
    /// </summary>
    public static RgbImage Outline(int width, int height) => new(width, height, []);

    /// <summary>Only the sides are known.</summary>
    public bool IsOutline => Pixels.Length == 0;
}
