namespace Interlace.Vlm.Images;

/// <summary>A filter by which pixels of an image of another size are weighed, as Pillow has it.</summary>
/// <param name="Support">Distance from the centre, in pixels, from which on it is 0.</param>
/// <param name="At">Its value at a distance.</param>
internal sealed record ResampleFilter(double Support, Func<double, double> At)
{
    /// <summary>Lines between pixels.</summary>
    public static ResampleFilter Bilinear { get; } = new(1, static x => Math.Max(0, 1 - Math.Abs(x)));

    /// <summary>Keys' cubic convolution with a = -0.5.</summary>
    public static ResampleFilter Bicubic { get; } = new(2, Cubic);

    /// <summary>Lanczos' windowed sinc with three lobes.</summary>
    public static ResampleFilter Lanczos { get; } = new(3, static x => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0);

    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
