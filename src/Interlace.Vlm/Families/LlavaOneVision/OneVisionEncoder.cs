using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Families.Llava;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Families.LlavaOneVision;

/// <summary>
/// LLaVA-OneVision's way from images to tokens: the tower's features of every tile, projected, put
/// together and cut to what the image covers.
/// </summary>
internal sealed class OneVisionEncoder : IVisionEncoder
{
    private readonly TilePatches _patches;
    private readonly ClipTower _tower;
    private readonly LlavaProjector _projector;
    private readonly Parameter _newline;   // [D]
    private readonly FeatureGrid _grid;

    public OneVisionEncoder(ParameterSource source, ModelConfig model, Device device)
    {
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        var config = ClipConfig.Read(model);
        _patches = ImageSettings.Patches(model, config.ImageSize, config.PatchSize, device);
        _tower = new(source, "model.vision_tower", config, FeatureChoice.Read(model, layer: -1, strategy: "full"), _patches);
        _projector = new(source, model, config.Width);
        _newline = source("model.image_newline", model.Text.Width("hidden_size"));
        _grid = FeatureGrid.Read(model, config);
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        long[] grids = [.. images.SelectMany(image => new long[] { image.Tiles.Count, image.Grid.Rows * _patches.Grid,
            image.Grid.Columns * _patches.Grid })];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(grids).view(-1, 3));
        Tensor features = _projector.Forward(_tower.Forward(tiles, type, device, observe));   // [tiles, side^2, D]
        var tokens = new List<Tensor>();
        long first = 0;
        foreach (var image in images)
        {
            Tensor own = features.narrow(0, first, image.Tiles.Count);
            first += image.Tiles.Count;
            tokens.Add(own[0]);
            tokens.Add(image.Tiles.Count == 1 ? _newline.As(type).unsqueeze(0) : Rows(own.narrow(0, 1, image.Grid.Count), image));
        }
        Tensor merged = cat(tokens, 0);
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => _patches.Dispose();

    /// <summary>Features of tiles [tiles, side^2, D] -> those that the image covers, row by row, a newline behind each row.</summary>
    private Tensor Rows(Tensor features, VisualInput image)
    {
        long side = _patches.Grid, width = features.shape[2];
        Tensor whole = features.view(image.Grid.Rows, image.Grid.Columns, side, side, width).permute(4, 0, 2, 1, 3)
            .reshape(1, width, image.Grid.Rows * side, image.Grid.Columns * side);                      // [1, D, rows, columns]
        var (top, left, rows, columns) = _grid.Unpadded(image.Grid, image.Height, image.Width);
        whole = whole.narrow(2, top, rows).narrow(3, left, columns);
        var (h, w) = _grid.Shrunk(rows, columns);
        if ((h, w) != (rows, columns))
            whole = functional.interpolate(whole, [h, w], mode: InterpolationMode.Bilinear, align_corners: false);
        Tensor newlines = _newline.As(features.dtype).view(1, -1, 1, 1).expand(1, -1, h, 1);
        return cat([whole, newlines], 3).flatten(2).squeeze(0).transpose(0, 1);
    }
}
