using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Interlace.Tests.Images;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Families.Qwen3VL;

public class PatchesTests
{
    private static readonly double[] Half = [0.5, 0.5, 0.5];

    public static IEnumerable<TheoryDataRow<string, string>> Configs() => ImageGoldens.Configs().Select(c => new TheoryDataRow<string, string>(c.Image, c.Config));

    /// <summary>Images whose pixel values the fixtures hold completely.</summary>
    public static IEnumerable<TheoryDataRow<string>> Stored()
    {
        string path = Shared.At("fixtures", "qwen3vl", "image-processing", "pixels.safetensors");
        if (!File.Exists(path)) yield break;
        using var file = SafeTensorsFile.Open(path);
        foreach (string name in file.Tensors.Select(t => t.Name).Where(name => name.EndsWith(".pixel_values_torchvision", StringComparison.Ordinal)).ToArray()) yield return new(name[..name.LastIndexOf('.')]);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Configs)), Trait("Category", "Golden")]
    public void Pixel_values_equal_the_reference(string name, string config)
    {
        JsonNode golden = ImageGoldens.Of(name)["configs"]![config]!, stats = golden["pixel_values_torchvision"]!;
        RgbImage source = ImageDecoder.Load(ImageGoldens.PathOf(name), new ImageDecoding(ApplyOrientation: false, TransparencyOnWhite: true));
        RgbImage resized = Resize.Bicubic(source, (int)golden["resized_width"]!, (int)golden["resized_height"]!);
        float[] values = Cut(resized, config);
        Assert.Equal(values.Length, (int)stats["shape"]![0]! * (int)stats["shape"]![1]!);
        double tolerance = ImageGoldens.Same(resized, golden["resized_rgb_torchvision"]!) ? 2e-7 : 4 / 127.5;
        foreach ((JsonNode? index, JsonNode? value) in stats["indices"]!.AsArray().Zip(stats["values"]!.AsArray())) Assert.Equal((double)value!, values[(int)index!], tolerance);
        Assert.Equal((double)stats["mean"]!, values.Average(v => (double)v), tolerance);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Stored)), Trait("Category", "Golden")]
    public void Every_pixel_value_equals_the_reference(string image)
    {
        using var file = SafeTensorsFile.Open(Shared.Require("fixtures", "qwen3vl", "image-processing", "pixels.safetensors"));
        TensorEntry Entry(string kind) => file.Tensors.Single(t => t.Name == $"{image}.{kind}");
        TensorEntry pixels = Entry("resized_rgb_torchvision");
        var resized = new RgbImage((int)pixels.Shape[1], (int)pixels.Shape[0], file.Bytes(pixels).ToArray());
        string config = ImageGoldens.Of(image)["configs"]!.AsObject()
            .First(c => ((int)c.Value!["resized_width"]!, (int)c.Value["resized_height"]!) == (resized.Width, resized.Height)).Key;
        float[] values = Cut(resized, config);
        float[] expected = MemoryMarshal.Cast<byte, float>(file.Bytes(Entry("pixel_values_torchvision"))).ToArray();
        Assert.Equal(expected.Length, values.Length);
        Assert.InRange(expected.Zip(values, (a, b) => Math.Abs(a - b)).Max(), 0, 2e-7);
    }

    /// <summary>
    /// The patches as the settings of the configuration's checkpoint say, or the published ones:
    /// others differ in the bounds of an image alone.
    /// </summary>
    private static float[] Cut(RgbImage resized, string config)
    {
        string own = Shared.At("fixtures", "qwen3vl", config);
        var settings = GridImageSettings.Load(Directory.Exists(own) ? own : Shared.Require("fixtures", "qwen3vl", "published-configs"));
        return Patches.Cut(resized, settings.PatchSize, settings.MergeSize, settings.TemporalPatchSize, settings.Mean, settings.Std);
    }

    [Fact]
    public void Sides_that_do_not_fit_are_refused() => Assert.Throws<ArgumentException>(() => Patches.Cut(new(48, 32, new byte[48 * 32 * 3]), 16, 2, 2, Half, Half));
}
