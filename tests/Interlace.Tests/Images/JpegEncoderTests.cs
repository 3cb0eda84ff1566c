using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Images;

public class JpegEncoderTests
{
    private static readonly ImageDecoding Turned = new(ApplyOrientation: true, TransparencyOnWhite: false);

    public static IEnumerable<TheoryDataRow<string>> GoldenImages => !File.Exists(Shared.At("fixtures", "authors", "jpeg.json")) ? []
        : Shared.Json("fixtures", "authors", "jpeg.json")["images"]!.AsObject().Select(image => new TheoryDataRow<string>(image.Key));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenImages)), Trait("Category", "Golden")]
    public void An_image_is_encoded_as_pillow_does(string name)
    {
        JsonNode golden = Shared.Json("fixtures", "authors", "jpeg.json")["images"]![name]!;
        RgbImage image = ImageDecoder.Load(Shared.At([.. ((string)golden["source"]!).Split('/')]), Turned);
        Assert.Equal(((int)golden["width"]!, (int)golden["height"]!), (image.Width, image.Height));

        byte[] jpeg = JpegEncoder.Encode(image);
        var (tables, factors, kind) = Read(jpeg);
        Assert.Equal(0xC0, kind);   // baseline
        Assert.Equal(Numbers(golden["quantisation_luma"]!), tables[0]);
        Assert.Equal(Numbers(golden["quantisation_chroma"]!), tables[1]);
        Assert.Equal(golden["sampling_factors"]!.AsArray().Select(pair => ((int)pair![0]!, (int)pair[1]!)), factors);

        RgbImage decoded = ImageDecoder.Decode(jpeg, name, Turned);
        double expected = (double)golden["difference"]!["mean"]!;
        Assert.InRange(MeanDifference(image, decoded), 0.95 * expected, 1.05 * expected);
        if (Hash(image) != (string)golden["sha256_of_encoded_rgb"]!) return;   // decoders of the source may differ
        Assert.Equal((string)golden["sha256_of_decoded_rgb"]!, Hash(decoded));   // the same encoder's arithmetic, to the bit
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(17, 3)]
    [InlineData(200, 64)]
    public void A_plain_picture_of_any_size_comes_back_nearly_as_it_was(int width, int height)
    {
        byte[] pixels = [.. Enumerable.Range(0, width * height).SelectMany(_ => new byte[] { 200, 100, 50 })];
        RgbImage decoded = ImageDecoder.Decode(JpegEncoder.Encode(new(width, height, pixels)), "x", Turned);
        Assert.Equal((width, height), (decoded.Width, decoded.Height));
        Assert.All(decoded.Pixels.Zip(pixels), pair => Assert.InRange(pair.First - pair.Second, -3, 3));
    }

    [Fact]
    public void A_side_that_the_format_cannot_say_is_refused() =>
        Assert.Contains("65535", Assert.Throws<InputException>(() => JpegEncoder.Encode(new(65_536, 1, new byte[3 * 65_536]))).Message);

    private static double MeanDifference(RgbImage a, RgbImage b) => a.Pixels.Zip(b.Pixels, (x, y) => Math.Abs(x - y)).Average();

    private static string Hash(RgbImage image) => Convert.ToHexStringLower(SHA256.HashData(image.Pixels));

    private static int[] Numbers(JsonNode list) => [.. list.AsArray().Select(item => (int)item!)];

    /// <summary>Quantisation tables by rows, sampling factors of the components, and the marker of the frame.</summary>
    private static (Dictionary<int, int[]> Tables, (int, int)[] Factors, int Kind) Read(byte[] jpeg)
    {
        Dictionary<int, int[]> tables = [];
        for (int at = 2; ;)
        {
            int marker = jpeg[at + 1], length = (jpeg[at + 2] << 8) | jpeg[at + 3], end = at + 2 + length;
            if (marker == 0xDB)
                for (int i = at + 4; i < end; i += 65) tables[jpeg[i]] = ByRows(jpeg.AsSpan(i + 1, 64));
            if (marker is >= 0xC0 and <= 0xC2)
                return (tables, [.. Enumerable.Range(0, jpeg[at + 9]).Select(i => jpeg[at + 11 + 3 * i]).Select(f => (f >> 4, f & 15))], marker);
            at = end;
        }
    }

    private static int[] ByRows(ReadOnlySpan<byte> zigzag)
    {
        var rows = new int[64];
        for (int i = 0, x = 0, y = 0; i < 64; i++)
        {
            rows[8 * y + x] = zigzag[i];
            if ((x + y) % 2 == 0) (x, y) = x == 7 ? (x, y + 1) : (x + 1, Math.Max(0, y - 1));
            else (x, y) = y == 7 ? (x + 1, y) : (Math.Max(0, x - 1), y + 1);
        }
        return rows;
    }
}
