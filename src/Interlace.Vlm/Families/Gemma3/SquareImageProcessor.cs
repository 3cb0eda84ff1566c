using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>Images squeezed to a square, whatever their aspect ratio; each has the same number of tokens.</summary>
internal sealed class SquareImageProcessor : IImageProcessor
{
    private const int Bilinear = 2;   // Pillow's number

    private readonly int _side, _tokens;

    private SquareImageProcessor(int side, int tokens, int imageToken) => (_side, _tokens, ImageToken) = (side, tokens, imageToken);

    public int ImageToken { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="model">Its configuration.</param>
    /// <param name="maxPixels">A bound on the pixels of an image, or null: the square has its size whatever is asked.</param>
    /// <exception cref="InputException">A file or value is absent or wrong, or the bound lies below the square.</exception>
    public static SquareImageProcessor Read(ModelConfig model, long? maxPixels)
    {
        var images = ImageSettings.Read(model.Folder);
        ImageSettings.CheckSteps(images, Bilinear);
        if (images.Flag("do_pan_and_scan", false))
            throw new InputException($"{images.File} sets do_pan_and_scan, which is not supported: take it out to have images seen whole.");
        var config = GemmaVisionConfig.Read(model);
        var size = images.Section("size");
        int side = size.Side("height");
        if (size.Side("width") != side || side != config.Tower.ImageSize)
        {
            throw new InputException($"{images.File} gives images of {size.Side("width")} x {side} pixels, "
                + $"but vision_config in config.json wants {config.Tower.ImageSize} a side.");
        }
        TileLimit.Check(maxPixels, side);
        return new(side, config.Tokens, ImageTokens.Of(model));
    }

    public VisualInput Prepare(RgbImage image, int imageCount) =>
        VisualInput.Whole(Resize.BilinearPillow(image, _side, _side), image, _tokens);

    public IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image) =>
        [.. Enumerable.Repeat((ImageToken, TokenKind.Image), image.TokenCount)];
}
