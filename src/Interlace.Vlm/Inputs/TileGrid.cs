namespace Interlace.Vlm.Inputs;

/// <summary>How an image was cut into tiles.</summary>
/// <param name="Rows">Tiles from top to bottom.</param>
/// <param name="Columns">Tiles from left to right.</param>
public readonly record struct TileGrid(int Rows, int Columns)
{
    /// <summary>Number of tiles.</summary>
    public int Count => Rows * Columns;
}
