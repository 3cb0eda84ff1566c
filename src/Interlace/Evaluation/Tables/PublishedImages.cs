using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// Images as the published evaluation prepares them before the model's own processor sees them (evaluation rule 4): neither turned nor composited,
/// then brought to multiples of 32 within the benchmark's bounds by Pillow's bicubic resize. The processor then applies its own bounds to the result.
/// </summary>
public static class PublishedImages
{
    private const int Factor = 32;   // of the published protocol, whatever the model's own patches are

    /// <summary>Decodes and prepares an image of a benchmark.</summary>
    /// <param name="benchmark">Its bounds decide; without any the image is left to the processor.</param>
    /// <param name="encoded">JPEG, PNG and so on.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="prepare">The model's own processing, which follows.</param>
    /// <exception cref="InputException">It is no image, or one side is more than 200 times the other.</exception>
    public static VisualInput Decode(Benchmark benchmark, byte[] encoded, string source, Func<RgbImage, VisualInput> prepare) =>
        ImageDecoder.Decode(encoded, source, ImageDecoding.Plain, image => prepare(Prepare(benchmark, image)));

    /// <summary>Prepares a decoded image.</summary>
    public static RgbImage Prepare(Benchmark benchmark, RgbImage image)
    {
        if (benchmark.Pixels is not { } bounds) return image;
        var (height, width) = SmartResize.Of(image.Height, image.Width, Factor, bounds.Min, bounds.Max);
        return Resize.BicubicPillow(image, width, height);
    }
}
