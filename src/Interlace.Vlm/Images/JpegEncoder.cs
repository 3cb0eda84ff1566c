using System.Runtime.InteropServices;
using SkiaSharp;

namespace Interlace.Vlm.Images;

/// <summary>Writes JPEG files as Pillow does where nothing is said: baseline, chroma halved in both directions (4:2:0).</summary>
public static class JpegEncoder
{
    /// <summary>The quality that Pillow takes where none is given.</summary>
    public const int PillowsQuality = 75;

    private const int LongestSide = 65_535;

    /// <summary>Encodes a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">0 to 100; scales the quantisation tables of the standard's examples.</param>
    /// <exception cref="InputException">A side is longer than the format can say.</exception>
    public static byte[] Encode(RgbImage image, int quality = PillowsQuality)
    {
        if (image.Width > LongestSide || image.Height > LongestSide)
        {
            throw new InputException($"An image of {image.Width} x {image.Height} pixels cannot become a JPEG file, "
                + $"whose sides have at most {LongestSide} pixels.");
        }
        using var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Fill(bitmap, image);
        using SKPixmap pixels = bitmap.PeekPixels();
        var options = new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore);
        using SKData data = pixels.Encode(options)
            ?? throw new InvalidOperationException($"An image of {image.Width} x {image.Height} pixels was not encoded.");
        return data.ToArray();
    }

    private static void Fill(SKBitmap bitmap, RgbImage image)
    {
        byte[] row = new byte[bitmap.RowBytes];
        for (int y = 0, from = 0; y < image.Height; y++)
        {
            for (int to = 0; to < 4 * image.Width; from += 3, to += 4)
                (row[to], row[to + 1], row[to + 2], row[to + 3]) =
                    (image.Pixels[from], image.Pixels[from + 1], image.Pixels[from + 2], byte.MaxValue);
            Marshal.Copy(row, 0, bitmap.GetPixels() + (nint)y * bitmap.RowBytes, row.Length);
        }
    }
}
