using System.Text.Json.Nodes;
using CsCheck;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Images;

public class ResizeTests
{
    public static IEnumerable<TheoryDataRow<string, string>> Configs() => ImageGoldens.Configs().Select(c => new TheoryDataRow<string, string>(c.Image, c.Config));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Configs)), Trait("Category", "Golden")]
    public void Bytes_equal_those_of_torch(string image, string config) => AssertSame(image, config, "resized_rgb_torchvision", Resize.Bicubic);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Configs)), Trait("Category", "Golden")]
    public void Bytes_equal_those_of_Pillow(string image, string config) => AssertSame(image, config, "resized_rgb_pil", Resize.BicubicPillow);

    [Fact]
    public void Rows_of_every_width_equal_the_plain_sum()
    {
        // Widths around the vector length: the vector loop and its tail must not differ.
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 40], Gen.Int[1, 70], Gen.Int[1, 40], Gen.Int[0, 1000]).Sample((w, h, width, height, seed) =>
        {
            byte[] pixels = new byte[w * h * 3];
            new Random(seed).NextBytes(pixels);
            return Resize.Bicubic(new(w, h, pixels), width, height).Pixels.SequenceEqual(Plain(new(w, h, pixels), width, height));
        }, iter: 200);
    }

    [Fact]
    public void Size_that_is_kept_keeps_the_bytes()
    {
        RgbImage image = new(5, 4, [.. Enumerable.Range(0, 60).Select(i => (byte)(i * 4))]);
        Assert.Equal(image.Pixels, Resize.Bicubic(image, 5, 4).Pixels);
        Assert.Equal(image.Pixels, Resize.BicubicPillow(image, 5, 4).Pixels);
    }

    private static void AssertSame(string name, string config, string golden, Func<RgbImage, int, int, RgbImage> resize)
    {
        JsonNode expected = ImageGoldens.Of(name)["configs"]![config]!;
        RgbImage source = ImageDecoder.Load(ImageGoldens.PathOf(name), new ImageDecoding(ApplyOrientation: false, TransparencyOnWhite: true));
        RgbImage resized = resize(source, (int)expected["resized_width"]!, (int)expected["resized_height"]!);
        JsonNode stats = expected[golden]!;
        Assert.Equal((resized.Height, resized.Width), ((int)stats["shape"]![0]!, (int)stats["shape"]![1]!));
        if (ImageGoldens.Same(source, ImageGoldens.Of(name)["decoded_rgb_as_processor"]!)) Assert.True(ImageGoldens.Same(resized, stats), $"{name} differs from {golden}");
        else // another JPEG decoder: its deviations of 1-3 pass through the filter
        {
            Assert.InRange(ImageGoldens.Differences(resized, stats).Max(), 0, 4);
            Assert.Equal((double)stats["mean"]!, ImageGoldens.Moments(resized).Mean, 0.5);
        }
    }

    /// <summary>The same weights, summed value by value.</summary>
    private static byte[] Plain(RgbImage image, int width, int height)
    {
        byte[] wide = Pass(image.Pixels, ResampleWeights.Torch(image.Width, width), image.Height, image.Width * 3, 3, 1);
        return Pass(wide, ResampleWeights.Torch(image.Height, height), 1, 0, width * 3, width);
    }

    private static byte[] Pass(byte[] source, ResampleWeights weights, int rows, int rowStride, int step, int pixels)
    {
        int lane = pixels * 3;
        byte[] output = new byte[rows * weights.Length * lane];
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < weights.Length; i++)
                for (int c = 0; c < lane; c++)
                {
                    long sum = weights.Half;
                    for (int k = 0; k < weights.Of(i).Length; k++) sum += (long)weights.Of(i)[k] * source[row * rowStride + (weights.Starts[i] + k) * step + c];
                    output[(row * weights.Length + i) * lane + c] = (byte)Math.Clamp(sum >> weights.Precision, 0, 255);
                }
        return output;
    }
}
