using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>
/// Images as the Qwen-VL models see them: brought to multiples of a square within bounds of their pixels, each square one token.
/// </summary>
internal sealed class GridImageProcessor : IImageProcessor
{
    private readonly GridImageSettings _settings;
    private readonly Func<RgbImage, int, int, RgbImage> _resize;
    private readonly long _minPixels;

    /// <param name="settings">The model's own.</param>
    /// <param name="resize">The reference's resize, to width and height.</param>
    /// <param name="maxPixels">Lowers the model's upper bound, and its lower one with it where that would lie above; or null.</param>
    /// <exception cref="InputException"><paramref name="maxPixels"/> is less than one visual token needs.</exception>
    public GridImageProcessor(GridImageSettings settings, Func<RgbImage, int, int, RgbImage> resize, long? maxPixels)
    {
        if (maxPixels < (long)settings.Factor * settings.Factor)
        {
            throw new InputException($"max_pixels is {maxPixels}, "
                + $"but one visual token alone covers {settings.Factor} x {settings.Factor} pixels.");
        }
        (_settings, _resize) = (settings, resize);
        MaxPixels = Math.Min(settings.MaxPixels, maxPixels ?? long.MaxValue);
        _minPixels = Math.Min(settings.MinPixels, MaxPixels);
    }

    /// <summary>The largest image in pixels: larger ones are made smaller.</summary>
    public long MaxPixels { get; }

    public int ImageToken => _settings.ImageToken;

    public int? PublishedSquare { get; init; }

    /// <exception cref="InputException">It is above the upper bound.</exception>
    public IImageProcessor WithMinPixels(long minPixels) => minPixels <= MaxPixels
        ? new GridImageProcessor(_settings with { MinPixels = minPixels }, _resize, MaxPixels) { PublishedSquare = PublishedSquare }
        : throw new InputException($"min_pixels is {minPixels}, above the largest number of pixels ({MaxPixels}).");

    public VisualInput Prepare(RgbImage image, int imageCount)
    {
        (int height, int width) = SmartResize.Of(image.Height, image.Width, _settings.Factor, _minPixels, MaxPixels);
        RgbImage resized = _resize(image, width, height);
        return VisualInput.Whole(resized, image, GridOf(resized).TokenCount(_settings.MergeSize));
    }

    public IReadOnlyList<(int Id, TokenKind Kind)> TokensOf(VisualInput image) =>
        [.. Enumerable.Repeat((ImageToken, TokenKind.Image), GridOf(image.Tiles[0]).TokenCount(_settings.MergeSize))];

    /// <summary>The patches of a resized image.</summary>
    /// <exception cref="InputException">Its sides are no multiples of patch x merge.</exception>
    public ImageGrid GridOf(RgbImage resized) =>
        resized.Width % _settings.Factor == 0 && resized.Height % _settings.Factor == 0 && resized.Width > 0 && resized.Height > 0
            ? new(1, resized.Height / _settings.PatchSize, resized.Width / _settings.PatchSize)
            : throw new InputException($"An image of {resized.Width} x {resized.Height} pixels was not resized for this model: "
                + $"its sides must be multiples of {_settings.Factor}.");
}
