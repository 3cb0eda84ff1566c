using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.InternVL;

/// <summary>
/// Images in tiles: brought to the grid whose aspect ratio is nearest, cut, and seen once more whole, last, where there are several tiles.
/// </summary>
internal sealed class TileImageProcessor : IImageProcessor
{
    private const int Bicubic = 3;   // Pillow's number
    private const string Begin = "<img>", End = "</img>";

    private readonly TileGrid[] _grids;
    private readonly int _side, _tokensPerTile, _begin, _end;

    private TileImageProcessor(TileGrid[] grids, int side, int tokensPerTile, int begin, int end, int imageToken) =>
        (_grids, _side, _tokensPerTile, _begin, _end, ImageToken) = (grids, side, tokensPerTile, begin, end, imageToken);

    public int ImageToken { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="model">Its configuration.</param>
    /// <param name="tokenizer">It has the marks around an image.</param>
    /// <param name="maxPixels">Leaves out grids of more pixels; or null.</param>
    /// <exception cref="InputException">A file or value is absent or wrong, or the bound lies below one tile.</exception>
    public static TileImageProcessor Read(ModelConfig model, Tokenizer tokenizer, long? maxPixels)
    {
        var images = ImageSettings.Read(model.Folder);
        ImageSettings.CheckSteps(images, Bicubic);
        var config = InternConfig.Read(model);
        int side = images.Section("size").Side("height");
        if (config.ImageSize != side)
        {
            throw new InputException($"{images.File} gives tiles of {side} pixels a side, "
                + $"but vision_config in config.json wants {config.ImageSize}.");
        }
        int least = images.Count("min_patches", 1);
        int most = Math.Min(images.Count("max_patches", 12), TileLimit.Check(maxPixels, side));
        return new(Grids(Math.Min(least, most), most), side, config.TokensPerTile, Mark(Begin), Mark(End), ImageTokens.Of(model));

        int Mark(string token) => tokenizer.Id(token)
            ?? throw new InputException($"{model.Folder}: tokenizer.json has no token {token}, which stands around images.");
    }

    public VisualInput Prepare(RgbImage image, int imageCount)
    {
        var grid = GridOf(image.Height, image.Width);
        RgbImage resized = Resize.BicubicPillow(image, grid.Columns * _side, grid.Rows * _side);
        List<RgbImage> tiles = [.. Tiles.Grid(resized, _side)];
        if (tiles.Count > 1) tiles.Add(Resize.BicubicPillow(image, _side, _side));
        return new(tiles, image.Width, image.Height, grid, tiles.Count * _tokensPerTile);
    }

    public IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image) =>
        [(_begin, TokenKind.Mark), .. Enumerable.Repeat((ImageToken, TokenKind.Image), image.TokenCount), (_end, TokenKind.Mark)];

    /// <summary>The grid whose aspect ratio is nearest; of several the larger, if the image has more than half its pixels.</summary>
    internal TileGrid GridOf(int height, int width)
    {
        double ratio = (double)width / height, nearest = double.PositiveInfinity;
        var best = new TileGrid(1, 1);
        foreach (var grid in _grids)
        {
            double distance = Math.Abs(ratio - (double)grid.Columns / grid.Rows);
            bool isLarge = (double)width * height > 0.5 * _side * _side * grid.Count;
            if (distance > nearest || distance == nearest && !isLarge) continue;
            (best, nearest) = (grid, distance);
        }
        return best;
    }

    /// <summary>Grids of so many tiles, the smallest first; of equally many those with fewer columns first.</summary>
    private static TileGrid[] Grids(int least, int most) =>
        [.. Enumerable.Range(1, most).SelectMany(columns => Enumerable.Range(1, most).Select(rows => new TileGrid(rows, columns)))
            .Where(grid => grid.Count >= least && grid.Count <= most).OrderBy(grid => grid.Count)];
}
