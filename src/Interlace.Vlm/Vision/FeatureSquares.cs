using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>Fewer and wider features: squares of them become one (pixel shuffle).</summary>
internal static class FeatureSquares
{
    /// <summary>
    /// Squares of s x s features become one, in the reference's order of the values:
    /// [tiles, side * side, width] -> [tokens, width * s * s].
    /// </summary>
    /// <param name="features">Those of square tiles, row by row.</param>
    /// <param name="s">Features along a side of a square; it divides the tile's side.</param>
    public static Tensor Join(Tensor features, int s)
    {
        long n = features.shape[0], side = (long)Math.Sqrt(features.shape[1]), c = features.shape[2];
        Tensor rows = features.reshape(n, side, side / s, c * s).permute(0, 2, 1, 3);
        Tensor squares = rows.reshape(n, side / s, side / s, c * s * s).permute(0, 2, 1, 3);
        return squares.reshape(-1, c * s * s);
    }
}
