using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// Images as the published evaluation prepares them before the model's own processor sees them (evaluation rule 4): neither turned nor
/// composited; then, for models whose makers do so, brought to multiples
/// of a square within the benchmark's bounds by Pillow's bicubic resize.
/// The processor then applies its own bounds to the result.
/// </summary>
public static class PublishedImages
{
    private const int Square = 32;   // side in pixels of the squares in which the bounds are counted

    /// <summary>Decodes and prepares an image of a benchmark.</summary>
    /// <param name="benchmark">Its bounds decide; without any the image is left to the processor.</param>
    /// <param name="encoded">JPEG, PNG and so on.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="square">Side of the model's square (<see cref="Processor.PublishedSquare"/>).</param>
    /// <param name="prepare">The model's own processing, which follows.</param>
    /// <exception cref="InputException">It is no image, or one side is more than 200 times the other.</exception>
    public static VisualInput Decode(Benchmark benchmark, byte[] encoded, string source, int? square, Func<RgbImage,
        VisualInput> prepare) =>
        ImageDecoder.Decode(encoded, source, ImageDecoding.Plain, image => prepare(Prepare(benchmark, image, square)));

    /// <summary>Prepares a decoded image.</summary>
    /// <param name="benchmark">Its bounds decide; without any the image stays as it is.</param>
    /// <param name="image">The image.</param>
    /// <param name="square">Side of the model's square; null where its makers leave images alone.</param>
    public static RgbImage Prepare(Benchmark benchmark, RgbImage image, int? square = Square)
    {
        if (benchmark.Pixels is not { } bounds || square is not { } side) return image;
        long Pixels(int count) => (long)count / (Square * Square) * side * side;
        var (height, width) = SmartResize.Of(image.Height, image.Width, side, Pixels(bounds.Min), Pixels(bounds.Max));
        return Resize.BicubicPillow(image, width, height);
    }
}
