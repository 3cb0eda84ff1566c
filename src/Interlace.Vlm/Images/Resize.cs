using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Interlace.Vlm.Images;

/// <summary>
/// Resizing with antialiasing of 8-bit RGB images: two separable passes with fixed-point weights, rounded and clamped to
/// 8 bits after each. The same bytes as the reference's: <see cref="Bicubic"/> for the kernel of torch (15-bit weights, horizontal pass
/// first), the others for Pillow 13 (22-bit weights, the order of the passes depends on the sizes).
/// </summary>
public static class Resize
{
    /// <summary>The resize of a model's own image processor (torch's kernel for unsigned bytes).</summary>
    /// <exception cref="InputException">It would be larger than an image may be.</exception>
    public static RgbImage Bicubic(RgbImage image, int width, int height)
    {
        ImageBounds.Check((image.Width, image.Height), width, height);
        if (image.IsOutline) return RgbImage.Outline(width, height);
        RgbImage wide = width == image.Width ? image : Horizontal(image, ResampleWeights.Torch(image.Width, width));
        return height == image.Height ? wide : Vertical(wide, ResampleWeights.Torch(image.Height, height));
    }

    /// <summary>
    /// The resize of Pillow's <c>Image.resize</c>, used where a benchmark prepares its images before the model's processor sees them.
    /// </summary>
    /// <exception cref="InputException">It would be larger than an image may be.</exception>
    public static RgbImage BicubicPillow(RgbImage image, int width, int height) => Pillow(image, width, height, ResampleFilter.Bicubic);

    /// <summary>The same with lines between pixels (Pillow's BILINEAR).</summary>
    /// <exception cref="InputException">It would be larger than an image may be.</exception>
    public static RgbImage BilinearPillow(RgbImage image, int width, int height) => Pillow(image, width, height, ResampleFilter.Bilinear);

    /// <summary>The same with a windowed sinc (Pillow's LANCZOS).</summary>
    /// <exception cref="InputException">It would be larger than an image may be.</exception>
    public static RgbImage LanczosPillow(RgbImage image, int width, int height) => Pillow(image, width, height, ResampleFilter.Lanczos);

    private static RgbImage Pillow(RgbImage image, int width, int height, ResampleFilter filter)
    {
        ImageBounds.Check((image.Width, image.Height), width, height);
        if (image.IsOutline) return RgbImage.Outline(width, height);
        bool horizontal = width != image.Width, vertical = height != image.Height;
        RgbImage Widened(RgbImage from) => Horizontal(from, ResampleWeights.Pillow(from.Width, width, filter));
        RgbImage Heightened(RgbImage from) => Vertical(from, ResampleWeights.Pillow(from.Height, height, filter));
        if (horizontal && vertical && IsHeightFirst(image, width, height)) return Widened(Heightened(image));
        RgbImage wide = horizontal ? Widened(image) : image;
        return vertical ? Heightened(wide) : wide;
    }

    /// <summary>
    /// Pillow 13 begins with the height where it is scaled down significantly more than the width (its change 9549); older versions
    /// never did. Its exact rule is not documented: this one (the height loses more than twice the share of the width) holds for every
    /// image of the reference, and so does any factor from 1.8 to 4.4.
    /// </summary>
    private static bool IsHeightFirst(RgbImage image, int width, int height) =>
        height < image.Height && 1 - (double)height / image.Height > 2 * (1 - (double)width / image.Width);

    private static RgbImage Horizontal(RgbImage image, ResampleWeights weights)
    {
        int width = weights.Length, stride = image.Width * 3;
        byte[] pixels = new byte[width * image.Height * 3];
        // One row with a byte of slack: three channels are read as four bytes.
        byte[] row = new byte[stride + 1];
        for (int y = 0; y < image.Height; y++)
        {
            image.Pixels.AsSpan(y * stride, stride).CopyTo(row);
            HorizontalRow(row, pixels.AsSpan(y * width * 3, width * 3), weights);
        }
        return new(width, image.Height, pixels);
    }

    private static void HorizontalRow(ReadOnlySpan<byte> row, Span<byte> output, ResampleWeights weights)
    {
        var half = Vector128.Create(weights.Half);
        for (int x = 0; x < weights.Length; x++)
        {
            ReadOnlySpan<byte> source = row[(weights.Starts[x] * 3)..];
            Vector128<int> sum = half;
            ReadOnlySpan<int> taps = weights.Of(x);
            for (int i = 0; i < taps.Length; i++)
            {
                var rgb = Vector128.CreateScalarUnsafe(MemoryMarshal.Read<uint>(source[(i * 3)..])).AsByte();
                sum += Vector128.WidenLower(Vector128.WidenLower(rgb)).AsInt32() * taps[i];
            }
            sum = Vector128.Min(Vector128.Max(sum >> weights.Precision, Vector128<int>.Zero), Vector128.Create(255));
            output[x * 3] = (byte)sum[0];
            output[x * 3 + 1] = (byte)sum[1];
            output[x * 3 + 2] = (byte)sum[2];
        }
    }

    private static RgbImage Vertical(RgbImage image, ResampleWeights weights)
    {
        int height = weights.Length, stride = image.Width * 3;
        byte[] pixels = new byte[stride * height];
        for (int y = 0; y < height; y++)
            VerticalRow(image.Pixels.AsSpan(weights.Starts[y] * stride), stride, pixels.AsSpan(y * stride, stride), weights, weights.Of(y));
        return new(image.Width, height, pixels);
    }

    private static void VerticalRow(ReadOnlySpan<byte> rows, int stride, Span<byte> output, ResampleWeights weights, ReadOnlySpan<int> taps)
    {
        int x = 0, step = Vector<byte>.Count;
        var half = new Vector<int>(weights.Half);
        for (; x <= stride - step; x += step)
        {
            Vector<int> a = half, b = half, c = half, d = half;
            for (int i = 0; i < taps.Length; i++)
            {
                Vector.Widen(new Vector<byte>(rows.Slice(i * stride + x, step)), out Vector<ushort> low, out Vector<ushort> high);
                Vector.Widen(low, out Vector<uint> lowest, out Vector<uint> lower);
                Vector.Widen(high, out Vector<uint> higher, out Vector<uint> highest);
                var weight = new Vector<int>(taps[i]);
                a += Vector.AsVectorInt32(lowest) * weight;
                b += Vector.AsVectorInt32(lower) * weight;
                c += Vector.AsVectorInt32(higher) * weight;
                d += Vector.AsVectorInt32(highest) * weight;
            }
            var first = Vector.Narrow(Clamp(a, weights.Precision), Clamp(b, weights.Precision));
            var second = Vector.Narrow(Clamp(c, weights.Precision), Clamp(d, weights.Precision));
            Vector.Narrow(first, second).CopyTo(output[x..]);
        }
        for (; x < stride; x++)
        {
            int sum = weights.Half;
            for (int i = 0; i < taps.Length; i++) sum += rows[i * stride + x] * taps[i];
            output[x] = (byte)Math.Clamp(sum >> weights.Precision, 0, 255);
        }
    }

    private static Vector<uint> Clamp(Vector<int> sum, int precision) =>
        Vector.AsVectorUInt32(Vector.Min(Vector.Max(Vector.ShiftRightArithmetic(sum, precision), Vector<int>.Zero), new Vector<int>(255)));
}
