using Interlace.Vlm.Files;
using SkiaSharp;

namespace Interlace.Vlm.Images;

/// <summary>
/// Decodes JPEG (grey, colour, CMYK), PNG, WebP, BMP and the first picture of a GIF. 16-bit samples keep their high byte.
/// </summary>
public static class ImageDecoder
{
    /// <summary>
    /// Pictures with more pixels are refused, and so many are held decoded at once by all threads together (from here on Pillow warns of a
    /// decompression bomb).
    /// </summary>
    public const long MaxPixels = 89_478_485;

    /// <summary>Files with more bytes are refused before memory is taken.</summary>
    public const int MaxBytes = 1 << 28;

    /// <summary>
    /// A picture of more pixels is believed only where its file has a byte for so many of them: a few hundred bytes can claim any size.
    /// </summary>
    private const long PlainPixels = 24_000_000, PixelsPerByte = 512;

    private const int StripBytes = 1 << 20;
    private static readonly PixelBudget Budget = new(MaxPixels);

    /// <summary>Decodes the file at a path, as <see cref="Decode{T}"/> does.</summary>
    /// <exception cref="InputException">It is absent, no regular file, too large, or cannot be decoded.</exception>
    public static RgbImage Load(string path, ImageDecoding decoding) => Load(path, decoding, static image => image);

    /// <summary>Decodes the file at a path, as <see cref="Decode{T}"/> does.</summary>
    /// <exception cref="InputException">As there, or it is absent, no regular file or too large.</exception>
    public static T Load<T>(string path, ImageDecoding decoding, Func<RgbImage, T> prepare) =>
        Decode(UserFile.Read(path, MaxBytes, $"{path} cannot be read as an image: there is no such file."), path, decoding, prepare);

    /// <summary>Decodes bytes.</summary>
    /// <exception cref="InputException">The bytes are no image of a supported format, are cut off or damaged,
    /// or have too many pixels.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string source, ImageDecoding decoding) =>
        Decode(encoded, source, decoding, static image => image);

    /// <summary>
    /// Decodes bytes; <paramref name="source"/> names them in messages. Waits while other threads hold too many pixels.
    /// </summary>
    /// <typeparam name="T">What is made of the picture.</typeparam>
    /// <param name="encoded">The file.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="decoding">How it becomes plain RGB.</param>
    /// <param name="prepare">Makes the picture smaller before other threads may decode theirs; must not decode.</param>
    /// <exception cref="InputException">The bytes are no image of a supported format, are cut off or damaged,
    /// or have too many pixels.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> encoded, string source, ImageDecoding decoding, Func<RgbImage, T> prepare)
    {
        using SKData data = SKData.CreateCopy(encoded);
        using SKCodec codec = SKCodec.Create(data)
            ?? throw new InputException($"{source} is not an image of a supported format (JPEG, PNG, WebP, GIF, BMP).");
        long pixels = PixelsOf(codec), most = MostPixels(encoded.Length);
        if (pixels > most)
        {
            throw new InputException($"{source} has {codec.Info.Width} x {codec.Info.Height} pixels, "
                + $"more than the {most} that are decoded of {encoded.Length} bytes; make it smaller.");
        }

        if (decoding.OutlineOnly) return prepare(Outline(codec.Info, decoding, encoded));
        using var held = Budget.Take(pixels);
        RgbImage image = Read(codec, source, decoding.TransparencyOnWhite ? OnWhite : WithoutAlpha);
        if (decoding.ApplyOrientation) image = Orient(image, (SKEncodedOrigin)ExifOrientation.Of(encoded));
        return prepare(image);
    }

    /// <summary>Whether an image is refused for its number of pixels alone, by its header.</summary>
    public static bool IsTooLarge(ReadOnlySpan<byte> encoded)
    {
        using SKData data = SKData.CreateCopy(encoded);
        using SKCodec? codec = SKCodec.Create(data);
        return codec is not null && PixelsOf(codec) > MostPixels(encoded.Length);
    }

    private static RgbImage Outline(SKImageInfo info, ImageDecoding decoding, ReadOnlySpan<byte> encoded) =>
        decoding.ApplyOrientation && SwapsSides((SKEncodedOrigin)ExifOrientation.Of(encoded))
            ? RgbImage.Outline(info.Height, info.Width) : RgbImage.Outline(info.Width, info.Height);

    private static bool SwapsSides(SKEncodedOrigin origin) => origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop
        or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;

    private static long PixelsOf(SKCodec codec) => (long)codec.Info.Width * codec.Info.Height;

    private static long MostPixels(long bytes) => Math.Min(MaxPixels, Math.Max(PlainPixels, PixelsPerByte * bytes));

    private delegate void ToRgb(ReadOnlySpan<byte> rgba, Span<byte> rgb);

    private static RgbImage Read(SKCodec codec, string source, ToRgb convert)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        var alpha = codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul;
        var layout = new SKImageInfo(width, height, SKColorType.Rgba8888, alpha);
        byte[] rgb = new byte[3L * width * height];
        bool byRows = codec.StartScanlineDecode(layout) == SKCodecResult.Success && codec.ScanlineOrder == SKCodecScanlineOrder.TopDown;
        int rows = byRows ? Math.Clamp(StripBytes / layout.RowBytes, 1, height) : height;   // some formats are decoded whole or not at all
        byte[] rgba = new byte[(long)rows * layout.RowBytes];
        for (int y = 0; y < height; y += rows)
        {
            int count = Math.Min(rows, height - y);
            if (!ReadRows(codec, layout, rgba, count, byRows))
                throw new InputException($"{source} cannot be decoded: the {codec.EncodedFormat} data is cut off or damaged.");
            convert(rgba.AsSpan(0, count * layout.RowBytes), rgb.AsSpan(y * width * 3, count * width * 3));
        }
        return new(width, height, rgb);
    }

    private static unsafe bool ReadRows(SKCodec codec, SKImageInfo layout, byte[] rgba, int count, bool byRows)
    {
        fixed (byte* pixels = rgba)
            return byRows ? codec.GetScanlines((nint)pixels, count, layout.RowBytes) == count : codec.GetPixels(layout,
                (nint)pixels) == SKCodecResult.Success;
    }

    private static void WithoutAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
    }

    private static void OnWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
        {
            int alpha = rgba[from + 3];
            for (int channel = 0; channel < 3; channel++) rgb[to + channel] = Blend(rgba[from + channel], alpha);
        }

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
        bool swaps = SwapsSides(origin);
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
