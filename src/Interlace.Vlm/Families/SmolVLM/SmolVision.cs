using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.SmolVLM;

/// <summary>
/// SmolVLM's way from tiles to tokens: the tower's last features behind its last norm, squares of them joined into one (pixel shuffle),
/// and one linear layer. All tiles are full, so that a patch's position is its place.
/// </summary>
internal sealed class SmolVision : IVisionEncoder
{
    private readonly TilePatches _patches;
    private readonly ClipTower _tower;
    private readonly int _shuffle;
    private readonly Linear _projector;

    public SmolVision(ParameterSource source, ModelConfig model, Device device)
    {
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        var (tower, shuffle) = SmolConfig.Read(model);
        var images = ImageSettings.Read(model.Folder);
        _shuffle = shuffle;
        _patches = new(tower.ImageSize, tower.PatchSize, images.Channels("image_mean"), images.Channels("image_std"), device);
        _tower = ClipTower.Whole(source, "model.vision_model", tower, _patches);
        int output = model.Text.Width("hidden_size", Llama.LlamaFamily.Defaults.HiddenSize);
        _projector = new(source, "model.connector.modality_projection.proj", (long)tower.Width * shuffle * shuffle, output);
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(new long[] { tiles.Length, _patches.Grid, _patches.Grid }).view(1, 3));
        Tensor merged = _projector.Forward(FeatureSquares.Join(_tower.Forward(tiles, type, device, observe), _shuffle));   // [V, D]
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => _patches.Dispose();
}
