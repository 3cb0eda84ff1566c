using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Families.LlavaOneVision;

/// <summary>
/// Images at any resolution: a single image is brought to the grid of tiles that suits it best, on black where its aspect ratio is another,
/// and seen once more whole. Several images are each seen as one square, on the colour of the mean.
/// </summary>
internal sealed class AnyResolutionProcessor : IImageProcessor
{
    private const int Bicubic = 3;   // Pillow's number

    private readonly IReadOnlyList<(int Height, int Width)> _resolutions;
    private readonly FeatureGrid _grid;
    private readonly int _side;
    private readonly byte[] _mean;

    private AnyResolutionProcessor(IReadOnlyList<(int Height, int Width)> resolutions, FeatureGrid grid, int side, byte[] mean,
        int imageToken) =>
        (_resolutions, _grid, _side, _mean, ImageToken) = (resolutions, grid, side, mean, imageToken);

    public int ImageToken { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="model">Its configuration.</param>
    /// <param name="maxPixels">Leaves out resolutions of more pixels; or null.</param>
    /// <exception cref="InputException">A file or value is absent or wrong, or the bound lies below one tile.</exception>
    public static AnyResolutionProcessor Read(ModelConfig model, long? maxPixels)
    {
        var images = ImageSettings.Read(model.Folder);
        ImageSettings.CheckSteps(images, Bicubic);
        var size = images.Section("size");
        int side = size.Side(size.Has("height") ? "height" : "shortest_edge");
        var config = ClipConfig.Read(model);
        if (config.ImageSize != side)
        {
            throw new InputException($"{images.File} gives tiles of {side} pixels a side, "
                + $"but vision_config in config.json wants {config.ImageSize}.");
        }
        int most = TileLimit.Check(maxPixels, side);
        (int Height, int Width)[] allowed = [.. Resolutions(images, side).Where(r => r.Height / side * (r.Width / side) <= most)];
        if (allowed.Length == 0)
            throw new InputException($"{images.File}: image_grid_pinpoints has no resolution within max_pixels {maxPixels}.");
        byte[] mean = [.. images.Channels("image_mean").Select(value => (byte)Math.Clamp(Math.Floor(value * 255), 0, 255))];
        return new(allowed, FeatureGrid.Read(model, config), side, mean, ImageTokens.Of(model));
    }

    public VisualInput Prepare(RgbImage image, int imageCount)
    {
        if (imageCount > 1)
        {
            int square = Math.Max(image.Width, image.Height);
            RgbImage whole = Resize.BicubicPillow(Tiles.Centre(image, square, square, _mean), _side, _side);
            return VisualInput.Whole(whole, image, _grid.TokensOfOne);
        }
        var (height, width) = BestOf(image.Height, image.Width);
        var (h, w) = Fit(image.Height, image.Width, height, width);
        RgbImage canvas = Tiles.Centre(Resize.BicubicPillow(image, w, h), width, height, [0, 0, 0]);
        var grid = new TileGrid(height / _side, width / _side);
        RgbImage[] tiles = [Resize.BicubicPillow(image, _side, _side), .. Tiles.Grid(canvas, _side)];
        return new(tiles, image.Width, image.Height, grid, _grid.TokensOf(grid, image.Height, image.Width));
    }

    public IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image) =>
        [.. Enumerable.Repeat((ImageToken, TokenKind.Image), image.TokenCount)];

    /// <summary>The resolution that keeps most of the image's pixels; of several the one that wastes least.</summary>
    internal (int Height, int Width) BestOf(int height, int width)
    {
        var best = _resolutions[0];
        (long most, long least) = (0, long.MaxValue);
        foreach (var candidate in _resolutions)
        {
            double scale = Math.Min((double)candidate.Width / width, (double)candidate.Height / height);
            long effective = Math.Min((long)(width * scale) * (long)(height * scale), (long)width * height);
            long wasted = (long)candidate.Height * candidate.Width - effective;
            if (effective < most || effective == most && wasted >= least) continue;
            (best, most, least) = (candidate, effective, wasted);
        }
        return best;
    }

    /// <summary>The size of the image within a resolution, its aspect ratio kept.</summary>
    internal static (int Height, int Width) Fit(int height, int width, int targetHeight, int targetWidth)
    {
        double byWidth = (double)targetWidth / width, byHeight = (double)targetHeight / height;
        return byWidth < byHeight
            ? (Math.Min((int)Math.Ceiling(height * byWidth), targetHeight), targetWidth)
            : (targetHeight, Math.Min((int)Math.Ceiling(width * byHeight), targetWidth));
    }

    /// <summary>Pairs of height and width, all multiples of a tile's side.</summary>
    private static IEnumerable<(int Height, int Width)> Resolutions(ConfigSection images, int side)
    {
        const string key = "image_grid_pinpoints";
        var pairs = images.Json[key] as JsonArray ?? throw new InputException($"{images.File} has no list {key}.");
        foreach (JsonNode? pair in pairs)
        {
            if (pair is not JsonArray { Count: 2 } sizes || !sizes.All(IsMultiple))
            {
                throw new InputException($"{images.File}: {key} holds {pair?.ToJsonString() ?? "null"}, "
                    + $"expected a height and a width in multiples of {side}.");
            }
            yield return ((int)sizes[0]!.GetValue<double>(), (int)sizes[1]!.GetValue<double>());
        }

        bool IsMultiple(JsonNode? node) => node?.GetValueKind() == JsonValueKind.Number
            && node.GetValue<double>() is >= 1 and <= ConfigSection.LargestSide and var number && number % side == 0;
    }
}
