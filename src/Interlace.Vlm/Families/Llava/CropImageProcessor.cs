using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Families.Llava;

/// <summary>CLIP's image processing: the shorter side is brought to a size, and a square is cut out of the middle.</summary>
internal sealed class CropImageProcessor : IImageProcessor
{
    private const int Bicubic = 3;   // Pillow's number

    private readonly int _shortest, _crop, _tokens;

    private CropImageProcessor(int shortest, int crop, int tokens, int imageToken) =>
        (_shortest, _crop, _tokens, ImageToken) = (shortest, crop, tokens, imageToken);

    public int ImageToken { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="model">Its configuration.</param>
    /// <param name="maxPixels">A bound on the pixels of an image, or null: the square has its size whatever is asked.</param>
    /// <exception cref="InputException">A file or value is absent or wrong, or the bound lies below the square.</exception>
    public static CropImageProcessor Read(ModelConfig model, long? maxPixels)
    {
        var images = ImageSettings.Read(model.Folder);
        ImageSettings.CheckSteps(images, Bicubic);
        int shortest = images.Section("size").Side("shortest_edge");
        var crop = images.Section("crop_size");
        int side = crop.Side("height");
        if (crop.Side("width") != side || side > shortest || !images.Flag("do_center_crop", true))
        {
            throw new InputException($"{images.File}: only a square of the middle, not larger than size.shortest_edge ({shortest}), "
                + "can be cut out.");
        }
        var config = ClipConfig.Read(model);
        if (config.ImageSize != side)
        {
            throw new InputException($"{images.File} gives images of {side} pixels a side, "
                + $"but vision_config in config.json wants {config.ImageSize}.");
        }
        TileLimit.Check(maxPixels, side);
        var features = FeatureChoice.Read(model, layer: -2, strategy: "default");
        int tokens = config.Grid * config.Grid + (features.KeepsClassToken ? config.ClassTokens : 0);
        return new(shortest, side, tokens, ImageTokens.Of(model));
    }

    public VisualInput Prepare(RgbImage image, int imageCount)
    {
        var (width, height, left, top) = PlaceOf(image.Width, image.Height);
        RgbImage resized = Resize.BicubicPillow(image, width, height);
        return VisualInput.Whole(Tiles.Cut(resized, left, top, _crop), image, _tokens);
    }

    public IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image) =>
        [.. Enumerable.Repeat((ImageToken, TokenKind.Image), image.TokenCount)];

    /// <summary>The size to which an image is brought, and where the square lies in it.</summary>
    /// <exception cref="InputException">It is so narrow that it would become larger than an image may be.</exception>
    internal (int Width, int Height, int Left, int Top) PlaceOf(int width, int height)
    {
        int shorter = Math.Min(width, height);
        long Side(int side) => side == shorter ? _shortest : (long)_shortest * side / shorter;
        var (wide, high) = ImageBounds.Check((width, height), Side(width), Side(height));
        return (wide, high, (wide - _crop) / 2, (high - _crop) / 2);
    }
}
