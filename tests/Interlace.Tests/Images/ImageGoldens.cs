using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Images;

/// <summary>The image goldens: sources, what they decode to and what they are resized to.</summary>
internal static class ImageGoldens
{
    private static readonly Lazy<JsonNode> File = new(() => Shared.Json("fixtures", "qwen3vl", "image-processing", "image-processing.json"));

    public static IEnumerable<string> Images() =>
        System.IO.File.Exists(Shared.At("fixtures", "qwen3vl", "image-processing", "image-processing.json")) ? File.Value["images"]!.AsObject().Select(image => image.Key) : [];

    public static IEnumerable<(string Image, string Config)> Configs() => Images().SelectMany(image => Of(image)["configs"]!.AsObject().Select(config => (image, config.Key)));

    public static JsonNode Of(string image) => File.Value["images"]![image]!;

    public static string PathOf(string image) => Shared.Require("fixtures", "qwen3vl", "images", image);

    public static bool Same(RgbImage image, JsonNode golden) => Convert.ToHexStringLower(SHA256.HashData(image.Pixels)) == (string)golden["sha256"]!;

    /// <summary>Differences of the sampled values.</summary>
    public static int[] Differences(RgbImage image, JsonNode golden) =>
        [.. golden["indices"]!.AsArray().Zip(golden["values"]!.AsArray(), (index, value) => Math.Abs(image.Pixels[(int)index!] - (int)value!))];

    /// <summary>Mean and population standard deviation of all values.</summary>
    public static (double Mean, double Std) Moments(RgbImage image)
    {
        double mean = image.Pixels.Average(v => (double)v);
        return (mean, Math.Sqrt(image.Pixels.Average(v => (v - mean) * (v - mean))));
    }
}
