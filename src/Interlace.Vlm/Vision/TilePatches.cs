using Interlace.Vlm.Engine;
using Interlace.Vlm.Images;
using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>The patches of square tiles of one size, row by row, as towers with learned positions read them.</summary>
/// <param name="side">Side of a tile in pixels.</param>
/// <param name="patch">Side of a patch. Where it does not divide the tile's, what is left right and below belongs to none.</param>
/// <param name="mean">Mean of the pixels per channel, of values 0 to 1.</param>
/// <param name="deviation">Their standard deviation.</param>
/// <param name="device">Where they are cut.</param>
internal sealed class TilePatches(int side, int patch, IReadOnlyList<double> mean, IReadOnlyList<double> deviation,
    Device device) : IDisposable
{
    private readonly PixelNormalisation _normalisation = new(mean, deviation, device);

    /// <summary>Patches along a side of a tile.</summary>
    public int Grid => side / patch;

    /// <summary>Patches of a tile.</summary>
    public int Count => Grid * Grid;

    /// <summary>
    /// The patches of all tiles [tiles * count, 3 * patch * patch], normalised, fp32; values of a patch by channel, y, x.
    /// </summary>
    /// <exception cref="InputException">A tile has another size.</exception>
    public Tensor Cut(IReadOnlyList<RgbImage> tiles)
    {
        using var scope = NewDisposeScope();
        return cat([.. tiles.Select(Cut)], 0).MoveToOuterDisposeScope();
    }

    public void Dispose() => _normalisation.Dispose();

    private Tensor Cut(RgbImage tile)
    {
        if (tile.Width != side || tile.Height != side)
        {
            throw new InputException($"A tile of {tile.Width} x {tile.Height} pixels was not prepared for this model, "
                + $"whose tiles are {side} x {side}.");
        }
        using var scope = NewDisposeScope();
        int covered = Grid * patch;
        Tensor pixels = Upload.Of(tile.Pixels, device).view(side, side, 3);
        pixels = pixels.narrow(0, 0, covered).narrow(1, 0, covered).reshape(Grid, patch, Grid, patch, 3);
        Tensor patches = pixels.permute(0, 2, 4, 1, 3).to(ScalarType.Float32);   // [rows, columns, 3, p, p]
        return _normalisation.Forward(patches).reshape(Count, 3 * patch * patch).MoveToOuterDisposeScope();
    }
}
