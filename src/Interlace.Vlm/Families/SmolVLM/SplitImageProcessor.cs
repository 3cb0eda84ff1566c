using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.SmolVLM;

/// <summary>
/// Images in tiles: the longer side is brought to one length, whatever it was, then both sides up to multiples of a tile's, and the image
/// is cut. It is seen once more whole, last, made of the enlarged one. Texts between the tiles say where each of them lies.
/// </summary>
internal sealed class SplitImageProcessor : IImageProcessor
{
    private const int Lanczos = 1;         // Pillow's number
    private const int LongestSide = 4096;  // beyond it the reference resizes once more
    private const int MostAlongSide = 64;  // tiles: published models have 4 or 5
    private const string Around = "<fake_token_around_image>", Global = "<global-img>";

    private readonly Tokenizer _tokenizer;
    private readonly int _longest, _side, _tokensPerTile;
    private readonly bool _splits;

    private SplitImageProcessor(Tokenizer tokenizer, int longest, int side, int tokensPerTile, bool splits, int imageToken) =>
        (_tokenizer, _longest, _side, _tokensPerTile, _splits, ImageToken) = (tokenizer, longest, side, tokensPerTile, splits, imageToken);

    public int ImageToken { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="model">Its configuration.</param>
    /// <param name="tokenizer">It has the marks around an image and its tiles.</param>
    /// <param name="maxPixels">
    /// Makes the longer side so short that no grid of tiles has more pixels; where that is one tile, nothing is cut. Or null.
    /// </param>
    /// <exception cref="InputException">A file or value is absent or wrong, or the bound lies below one tile.</exception>
    public static SplitImageProcessor Read(ModelConfig model, Tokenizer tokenizer, long? maxPixels)
    {
        var images = ImageSettings.Read(model.Folder);
        ImageSettings.CheckSteps(images, Lanczos);
        var config = SmolConfig.Read(model);
        int longest = images.Section("size").Int("longest_edge", LongestSide);
        int side = images.Section("max_image_size").Side("longest_edge");
        if (config.Tower.ImageSize != side)
        {
            throw new InputException($"{images.File} gives tiles of {side} pixels a side, "
                + $"but vision_config in config.json wants {config.Tower.ImageSize}.");
        }
        if (longest > MostAlongSide * side)
        {
            throw new InputException($"{images.File} brings images to {longest} pixels and cuts tiles of {side}: "
                + $"more than {MostAlongSide} along a side are not supported.");
        }
        if (tokenizer.Id(Around) is null)
            throw new InputException($"{model.Folder}: tokenizer.json has no token {Around}, which stands around images.");
        int tilesAlongSide = (int)Math.Sqrt(TileLimit.Check(maxPixels, side));
        bool splits = images.Flag("do_image_splitting", true) && tilesAlongSide > 1;
        if (splits) longest = (int)Math.Min(longest, (long)tilesAlongSide * side);
        return new(tokenizer, longest, side, config.TokensPerTile, splits, ImageTokens.Of(model));
    }

    public VisualInput Prepare(RgbImage image, int imageCount)
    {
        var (height, width) = SizeOf(image.Height, image.Width);
        RgbImage resized = Resize.LanczosPillow(image, width, height);
        var grid = GridOf(height, width);
        RgbImage enlarged = Resize.LanczosPillow(resized, grid.Columns * _side, grid.Rows * _side);
        RgbImage whole = Resize.LanczosPillow(enlarged, _side, _side);
        RgbImage[] tiles = grid.Count == 1 ? [whole] : [.. Tiles.Grid(enlarged, _side), whole];
        return new(tiles, image.Width, image.Height, grid, tiles.Length * _tokensPerTile);
    }

    public IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image)
    {
        var tokens = new List<(int, TokenKind)>();
        void Mark(string text) => tokens.AddRange(_tokenizer.Encode(text).Select(id => (id, TokenKind.Mark)));
        void Tile(string before)
        {
            Mark(before);
            tokens.AddRange(Enumerable.Repeat((ImageToken, TokenKind.Image), _tokensPerTile));
        }
        var (rows, columns) = (image.Grid.Rows, image.Grid.Columns);
        for (int row = 1; row <= rows && image.Grid.Count > 1; row++)
        {
            for (int column = 1; column <= columns; column++) Tile($"{Around}<row_{row}_col_{column}>");
            Mark(row < rows ? "\n" : "\n\n");
        }
        Tile(Around + Global);
        Mark(Around);
        return tokens;
    }

    /// <summary>The size to which an image is brought first: the longer side is given, the shorter one even.</summary>
    internal (int Height, int Width) SizeOf(int height, int width)
    {
        double ratio = (double)width / height;
        return width >= height ? (Even((int)(_longest / ratio)), _longest) : (_longest, Even((int)(_longest * ratio)));

        static int Even(int side) => Math.Max(1, side + side % 2);
    }

    /// <summary>The tiles that cover an image of that size; one where nothing is cut.</summary>
    internal TileGrid GridOf(int height, int width)
    {
        if (!_splits) return new(1, 1);
        double ratio = (double)width / height;
        int Tiles(int side) => (side + _side - 1) / _side;
        // The longer side grows to whole tiles, and the shorter one with it before it does.
        return width >= height
            ? new(Tiles((int)(Tiles(width) * _side / ratio)), Tiles(width))
            : new(Tiles(height), Tiles((int)(Tiles(height) * _side * ratio)));
    }
}
