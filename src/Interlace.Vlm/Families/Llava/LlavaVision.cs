using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Llava;

/// <summary>LLaVA-1.5's way from images to tokens: the tower's features of each image, projected.</summary>
internal sealed class LlavaVision : IVisionEncoder
{
    private readonly TilePatches _patches;
    private readonly ClipTower _tower;
    private readonly LlavaProjector _projector;

    public LlavaVision(ParameterSource source, ModelConfig model, Device device)
    {
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        var config = ClipConfig.Read(model);
        var images = ImageSettings.Read(model.Folder);
        _patches = new(config.ImageSize, config.PatchSize, images.Channels("image_mean"), images.Channels("image_std"), device);
        _tower = new(source, "model.vision_tower", config, FeatureChoice.Read(model, layer: -2, strategy: "default"), _patches);
        _projector = new(source, model, config.Width);
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(new long[] { tiles.Length, _patches.Grid, _patches.Grid }).view(1, 3));
        Tensor merged = _projector.Forward(_tower.Forward(tiles, type, device, observe)).flatten(0, 1);   // [V, D]
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => _patches.Dispose();
}
