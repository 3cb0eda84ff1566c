namespace Interlace.Vlm.Images;

/// <summary>
/// The size to which an image is brought: multiples of a factor, the number of pixels within bounds, the aspect ratio nearly kept.
/// </summary>
public static class SmartResize
{
    private const double LargestRatio = 200;

    /// <summary>The new height and width in pixels (the reference's smart_resize).</summary>
    /// <param name="height">Height of the image.</param>
    /// <param name="width">Width of the image.</param>
    /// <param name="factor">Patch size x merge size.</param>
    /// <param name="minPixels">Smaller images are enlarged to at least this many pixels.</param>
    /// <param name="maxPixels">Larger images are made smaller, to at most this many pixels.</param>
    /// <exception cref="InputException">One side is more than 200 times the other.</exception>
    public static (int Height, int Width) Of(int height, int width, int factor, long minPixels, long maxPixels)
    {
        double ratio = (double)Math.Max(height, width) / Math.Min(height, width);
        if (!(ratio <= LargestRatio))
        {
            throw new InputException($"An image of {width} x {height} pixels is too narrow: "
                + $"the longer side may be at most {LargestRatio} times the shorter one.");
        }
        double pixels = (double)height * width;
        long h = Rounded(height), w = Rounded(width);
        if (h * w > maxPixels)
        {
            double beta = Math.Sqrt(pixels / maxPixels);
            h = Math.Max(factor, (long)Math.Floor(height / beta / factor) * factor);
            w = Math.Max(factor, (long)Math.Floor(width / beta / factor) * factor);
        }
        else if (h * w < minPixels)
        {
            double beta = Math.Sqrt(minPixels / pixels);
            h = (long)Math.Ceiling(height * beta / factor) * factor;
            w = (long)Math.Ceiling(width * beta / factor) * factor;
        }
        return ((int)h, (int)w);

        // Python's round: half to even.
        long Rounded(int side) => (long)Math.Round((double)side / factor, MidpointRounding.ToEven) * factor;
    }
}
