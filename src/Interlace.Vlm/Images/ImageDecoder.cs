using SkiaSharp;

namespace Interlace.Vlm.Images;

/// <summary>How an encoded image becomes plain RGB. No setting manages colour: pixel values are taken as they are stored.</summary>
/// <param name="ApplyOrientation">Whether the picture is turned as its EXIF orientation says.</param>
/// <param name="TransparencyOnWhite">Whether transparent pixels are blended with white; otherwise alpha is dropped.</param>
public sealed record ImageDecoding(bool ApplyOrientation, bool TransparencyOnWhite)
{
    /// <summary>Training data and images of a user: turned, and on white.</summary>
    public static ImageDecoding Oriented { get; } = new(true, true);

    /// <summary>Images of benchmark tables: neither, a plain conversion to RGB.</summary>
    public static ImageDecoding Plain { get; } = new(false, false);
}

/// <summary>
/// Decodes JPEG (grey, colour, CMYK), PNG, WebP, BMP and the first picture of a GIF. 16-bit samples keep their high byte.
/// </summary>
public static class ImageDecoder
{
    /// <summary>Pictures with more pixels are refused before memory is taken (Pillow's limit against decompression bombs).</summary>
    public const long MaxPixels = 178_956_970;

    /// <summary>Decodes the file at a path.</summary>
    /// <exception cref="InputException">It is absent or cannot be decoded.</exception>
    public static RgbImage Load(string path, ImageDecoding decoding)
    {
        try
        {
            return Decode(File.ReadAllBytes(path), path, decoding);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read as an image: {error.Message}", error);
        }
    }

    /// <summary>Decodes bytes; <paramref name="source"/> names them in messages.</summary>
    /// <exception cref="InputException">They are no image of a supported format, are cut off or damaged, or the image is absurdly large.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string source, ImageDecoding decoding)
    {
        using SKData data = SKData.CreateCopy(encoded);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InputException($"{source} is not an image of a supported format (JPEG, PNG, WebP, GIF, BMP).");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > MaxPixels) throw new InputException($"{source} has {width} x {height} pixels, more than the {MaxPixels} that are decoded; make it smaller.");

        var layout = new SKImageInfo(width, height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        byte[] rgba = new byte[layout.BytesSize64];
        SKCodecResult result;
        unsafe
        {
            fixed (byte* pixels = rgba) result = codec.GetPixels(layout, (nint)pixels);
        }
        if (result != SKCodecResult.Success) throw new InputException($"{source} cannot be decoded: the {codec.EncodedFormat} data is cut off or damaged ({result}).");

        RgbImage image = new(width, height, decoding.TransparencyOnWhite ? OnWhite(rgba) : WithoutAlpha(rgba));
        return decoding.ApplyOrientation ? Orient(image, codec.EncodedOrigin) : image;
    }

    private static byte[] WithoutAlpha(byte[] rgba)
    {
        byte[] rgb = new byte[rgba.Length / 4 * 3];
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
        return rgb;
    }

    private static byte[] OnWhite(byte[] rgba)
    {
        byte[] rgb = new byte[rgba.Length / 4 * 3];
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
        {
            int alpha = rgba[from + 3];
            for (int channel = 0; channel < 3; channel++) rgb[to + channel] = Blend(rgba[from + channel], alpha);
        }
        return rgb;

        // Division by 255 as Pillow's alpha_composite rounds it.
        static byte Blend(int value, int alpha)
        {
            int sum = (value * alpha + 255 * (255 - alpha) + 0x80) << 7;
            return (byte)((((sum >> 8) + sum) >> 8) >> 7);
        }
    }

    private static RgbImage Orient(RgbImage image, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default) return image;
        (int w, int h) = (image.Width, image.Height);
        bool swaps = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var turned = new RgbImage(swaps ? h : w, swaps ? w : h, new byte[image.Pixels.Length]);
        for (int y = 0, to = 0; y < turned.Height; y++)
        {
            for (int x = 0; x < turned.Width; x++, to += 3)
            {
                (int sx, int sy) = origin switch
                {
                    SKEncodedOrigin.TopRight => (w - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (w - 1 - x, h - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, h - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, h - 1 - x),
                    SKEncodedOrigin.RightBottom => (w - 1 - y, h - 1 - x),
                    _ => (w - 1 - y, x),
                };
                image.Pixels.AsSpan((sy * w + sx) * 3, 3).CopyTo(turned.Pixels.AsSpan(to));
            }
        }
        return turned;
    }
}
