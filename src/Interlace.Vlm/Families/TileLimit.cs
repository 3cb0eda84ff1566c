namespace Interlace.Vlm.Families;

/// <summary>A user's bound on the pixels of an image, for models that see tiles of one size.</summary>
internal static class TileLimit
{
    /// <summary>The number of tiles that a bound leaves; any where there is none.</summary>
    /// <param name="maxPixels">The bound, or null.</param>
    /// <param name="side">Side of a tile.</param>
    /// <exception cref="InputException">It leaves not even one.</exception>
    public static int Check(long? maxPixels, int side)
    {
        long tiles = (maxPixels ?? long.MaxValue) / ((long)side * side);
        return tiles > 0
            ? (int)Math.Min(tiles, int.MaxValue)
            : throw new InputException($"max_pixels is {maxPixels}, but this model's images have {side} x {side} pixels at least.");
    }
}
