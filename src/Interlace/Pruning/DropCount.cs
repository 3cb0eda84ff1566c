using System.Globalization;

namespace Interlace.Pruning;

/// <summary>How many layers a ratio stands for (paper 3.3: K = floor(rho L)).</summary>
public static class DropCount
{
    /// <summary>
    /// K = floor(<paramref name="ratio"/> * <paramref name="layerCount"/>).
    /// A small epsilon is added before rounding down, because 0.29 * 100 is just below 29 in binary.
    /// </summary>
    /// <exception cref="PlanException">The ratio is not in [0, 1).</exception>
    public static int For(double ratio, int layerCount) =>
        ratio is >= 0 and < 1
            ? (int)Math.Floor(ratio * layerCount + Epsilon)
            : throw new PlanException($"The ratio {ratio.ToString(CultureInfo.InvariantCulture)} is not the fraction of layers to drop: "
                + "give a number from 0 to just below 1, such as 0.25.");

    /// <summary>The ratio, with three digits, for which <see cref="For"/> gives <paramref name="dropCount"/>.</summary>
    internal static string RatioFor(int dropCount, int layerCount)
    {
        // Rounded up: rounded down it would stand for one layer less.
        double ratio = layerCount == 0 || dropCount == 0 ? 0 : Math.Ceiling(1000.0 * dropCount / layerCount - Epsilon) / 1000;
        return ratio.ToString("0.###", CultureInfo.InvariantCulture);
    }

    private const double Epsilon = 1e-9;
}
