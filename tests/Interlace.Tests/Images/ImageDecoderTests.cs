using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using SkiaSharp;

namespace Interlace.Tests.Images;

public class ImageDecoderTests
{
    private static readonly Dictionary<string, ImageDecoding> Decodings = new()
    {
        ["decoded_rgb_as_processor"] = new(ApplyOrientation: false, TransparencyOnWhite: true),
        ["decoded_rgb_plain_convert"] = ImageDecoding.Plain,
        ["decoded_rgb_exif_transposed_plain_convert"] = new(ApplyOrientation: true, TransparencyOnWhite: false),
    };

    public static IEnumerable<TheoryDataRow<string, string>> Cases() =>
        from image in ImageGoldens.Images() from way in Decodings.Keys where ImageGoldens.Of(image)[way] is not null select new TheoryDataRow<string, string>(image, way);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases)), Trait("Category", "Golden")]
    public void Pixels_equal_the_reference(string name, string way)
    {
        JsonNode golden = ImageGoldens.Of(name)[way]!;
        RgbImage image = ImageDecoder.Load(ImageGoldens.PathOf(name), Decodings[way]);
        Assert.Equal((image.Height, image.Width), ((int)golden["shape"]![0]!, (int)golden["shape"]![1]!));
        if (name.EndsWith(".png", StringComparison.Ordinal)) Assert.True(ImageGoldens.Same(image, golden));
        Assert.InRange(ImageGoldens.Differences(image, golden).Max(), 0, 3); // JPEG decoders may round differently
        (double mean, double std) = ImageGoldens.Moments(image);
        Assert.Equal((double)golden["mean"]!, mean, 0.5);
        Assert.Equal((double)golden["std"]!, std, 0.5);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Every_orientation_is_turned_upright(int orientation)
    {
        byte[] jpeg = WithOrientation(Encode(40, 24, SKEncodedImageFormat.Jpeg), orientation);
        RgbImage stored = ImageDecoder.Decode(jpeg, "x.jpg", ImageDecoding.Plain), turned = ImageDecoder.Decode(jpeg, "x.jpg", ImageDecoding.Oriented);
        RgbImage transposed = Map(stored, stored.Height, stored.Width, (x, y) => (y, x));
        RgbImage expected = orientation switch
        {
            1 => stored,
            2 => FlipX(stored),
            3 => FlipX(FlipY(stored)),
            4 => FlipY(stored),
            5 => transposed,
            6 => FlipX(transposed),
            7 => FlipX(FlipY(transposed)),
            _ => FlipY(transposed),
        };
        RgbImage outline = ImageDecoder.Decode(jpeg, "x.jpg", ImageDecoding.Oriented with { OutlineOnly = true });
        Assert.Equal((expected.Width, expected.Height, true), (outline.Width, outline.Height, outline.IsOutline));
        Assert.Equal((expected.Width, expected.Height), (turned.Width, turned.Height));
        Assert.Equal(expected.Pixels, turned.Pixels);
    }

    [Theory]
    [InlineData(0, 2, "12,12,12,FE,FE,FE")] // grey
    [InlineData(2, 6, "12,34,56,FE,80,00")] // colour
    [InlineData(6, 8, "12,34,56,FE,80,00")] // colour and alpha, dropped
    public void Samples_of_16_bits_keep_the_high_byte(byte colorType, int bytesPerPixel, string expected)
    {
        byte[] row = colorType switch
        {
            0 => [0x12, 0xFF, 0xFE, 0x80],
            2 => [0x12, 0xFF, 0x34, 0x80, 0x56, 0x00, 0xFE, 0xFF, 0x80, 0x7F, 0x00, 0xFF],
            _ => [0x12, 0xFF, 0x34, 0x80, 0x56, 0x00, 0x00, 0x00, 0xFE, 0xFF, 0x80, 0x7F, 0x00, 0xFF, 0xFF, 0xFF],
        };
        Assert.Equal(2 * bytesPerPixel, row.Length);
        RgbImage image = ImageDecoder.Decode(Png.Write(2, 1, 16, colorType, row), "x.png", ImageDecoding.Plain);
        Assert.Equal(expected, string.Join(',', image.Pixels.Select(v => v.ToString("X2"))));
    }

    [Fact]
    public void Colour_profiles_and_gamma_are_ignored()
    {
        byte[] png = Png.Write(1, 1, 8, 2, [10, 100, 200], ("gAMA", [0, 0, 0x27, 0x10]));
        Assert.Equal([10, 100, 200], ImageDecoder.Decode(png, "x.png", ImageDecoding.Plain).Pixels);
    }

    [Fact]
    public void Lossless_WebP_BMP_and_GIF_are_decoded()
    {
        using SKBitmap bitmap = Draw(9, 5);
        using SKData webp = bitmap.PeekPixels().Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100))!;
        Assert.Equal(ImageDecoder.Decode(Encode(9, 5, SKEncodedImageFormat.Png), "x.png", ImageDecoding.Plain).Pixels, ImageDecoder.Decode(webp.Span, "x.webp", ImageDecoding.Plain).Pixels);

        byte[] gif = Convert.FromBase64String("R0lGODlhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs=");
        Assert.Equal([255, 0, 0], ImageDecoder.Decode(gif, "x.gif", ImageDecoding.Plain).Pixels);

        byte[] bmp = [.. "BM"u8, 62, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0];
        Assert.Equal([6, 5, 4, 3, 2, 1], ImageDecoder.Decode(bmp, "x.bmp", ImageDecoding.Plain).Pixels); // stored bottom row first, blue first
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg), InlineData(SKEncodedImageFormat.Png), InlineData(SKEncodedImageFormat.Webp)]
    public void Data_that_is_cut_off_is_refused(SKEncodedImageFormat format)
    {
        byte[] whole = Encode(160, 120, format);
        Assert.Equal(160, ImageDecoder.Decode(whole, "row 7", ImageDecoding.Plain).Width);
        foreach (int length in (int[])[0, 5, whole.Length / 3, whole.Length * 2 / 3])
            Assert.Contains("row 7", Assert.Throws<InputException>(() => ImageDecoder.Decode(whole.AsSpan(0, length), "row 7", ImageDecoding.Plain)).Message);
    }

    [Fact]
    public void Absurd_sizes_are_refused_before_memory_is_taken()
    {
        byte[] png = Png.Write(60_000, 60_000, 8, 2, []);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("60000 x 60000", Assert.Throws<InputException>(() => ImageDecoder.Decode(png, "bomb.png", ImageDecoding.Plain)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void Missing_file_is_named() => Assert.Contains("no-such.png", Assert.Throws<InputException>(() => ImageDecoder.Load("no-such.png", ImageDecoding.Plain)).Message);

    private static SKBitmap Draw(int width, int height)
    {
        var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        var random = new Random(3);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) bitmap.SetPixel(x, y, new((byte)(x * 5), (byte)(y * 9), (byte)random.Next(256)));
        return bitmap;
    }

    private static byte[] Encode(int width, int height, SKEncodedImageFormat format)
    {
        using SKBitmap bitmap = Draw(width, height);
        return bitmap.Encode(format, 90).ToArray();
    }

    /// <summary>An EXIF segment with one entry, the orientation, after the start of a JPEG.</summary>
    private static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif = [.. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(exif.Length + 2), .. exif, .. jpeg[2..]];
    }

    private static RgbImage FlipX(RgbImage image) => Map(image, image.Width, image.Height, (x, y) => (image.Width - 1 - x, y));

    private static RgbImage FlipY(RgbImage image) => Map(image, image.Width, image.Height, (x, y) => (x, image.Height - 1 - y));

    private static RgbImage Map(RgbImage image, int width, int height, Func<int, int, (int X, int Y)> source)
    {
        var mapped = new RgbImage(width, height, new byte[width * height * 3]);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int c = 0; c < 3; c++)
                    mapped.Pixels[(y * width + x) * 3 + c] = image.Pixels[(source(x, y).Y * image.Width + source(x, y).X) * 3 + c];
        return mapped;
    }
}
