using System.Globalization;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Families.LlavaOneVision;

/// <summary>
/// The features of a grid of tiles as tokens: what lies on the border that was added is left out, a large grid is made smaller, and behind
/// every row of what is left stands one more token, the newline. Before it stand the tokens of the whole image.
/// </summary>
/// <param name="Side">Features along a side of a tile.</param>
/// <param name="MostTiles">A grid of more features than these many tiles have is made smaller.</param>
internal sealed record FeatureGrid(int Side, int MostTiles)
{
    private const string Key = "vision_aspect_ratio", Prefix = "anyres_max_";

    /// <summary>Tokens of an image that is seen whole alone.</summary>
    public int TokensOfOne => Side * Side + 1;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InputException">Its way to treat aspect ratios is not supported.</exception>
    public static FeatureGrid Read(ModelConfig model, ClipConfig config)
    {
        string way = model.Root.Text(Key, Prefix + "9");
        if (!way.StartsWith(Prefix, StringComparison.Ordinal)
            || !int.TryParse(way.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int most)
            || most is < 1 or > 1000)
            throw new InputException($"{model.Root.File}: {Key} is {way}, expected {Prefix}N.");
        return new(config.Grid, most);
    }

    /// <summary>Tokens of an image in tiles.</summary>
    /// <param name="grid">Its tiles.</param>
    /// <param name="height">Height of the image as it was.</param>
    /// <param name="width">Its width.</param>
    public int TokensOf(TileGrid grid, int height, int width)
    {
        var (_, _, rows, columns) = Unpadded(grid, height, width);
        (rows, columns) = Shrunk(rows, columns);
        return Side * Side + rows * (columns + 1);
    }

    /// <summary>
    /// The part of the grid of features that the image covers: rows and columns that are left out on each side, and those that stay.
    /// </summary>
    public (int Top, int Left, int Rows, int Columns) Unpadded(TileGrid grid, int height, int width)
    {
        int rows = grid.Rows * Side, columns = grid.Columns * Side;
        if ((double)width / height > (double)columns / rows)
        {
            int covered = (int)Math.Round(height * ((double)columns / width), 7);
            int top = (rows - covered) / 2;
            return (top, 0, rows - 2 * top, columns);
        }
        int wide = (int)Math.Round(width * ((double)rows / height), 7);
        int left = (columns - wide) / 2;
        return (0, left, rows, columns - 2 * left);
    }

    /// <summary>The size to which a grid of features is brought; its own where it is not too large.</summary>
    public (int Rows, int Columns) Shrunk(int rows, int columns)
    {
        double ratio = Math.Sqrt((double)rows * columns / ((double)MostTiles * Side * Side));
        return ratio > 1.1 ? ((int)Math.Floor(rows / ratio), (int)Math.Floor(columns / ratio)) : (rows, columns);
    }
}
