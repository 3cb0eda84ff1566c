using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>
/// Gemma 3's way from images to tokens: SigLIP's last features behind its last norm, the means of squares of them, a norm, and one
/// projection.
/// </summary>
internal sealed class GemmaVision : IVisionEncoder
{
    private readonly TilePatches _patches;
    private readonly ClipTower _tower;
    private readonly GemmaVisionConfig _config;
    private readonly RmsNorm _norm;
    private readonly Parameter _projection;   // [width, D], not transposed as a linear layer's is

    public GemmaVision(ParameterSource source, ModelConfig model, Device device)
    {
        const string projector = "model.multi_modal_projector";
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        _config = GemmaVisionConfig.Read(model);
        var (tower, images) = (_config.Tower, ImageSettings.Read(model.Folder));
        _patches = new(tower.ImageSize, tower.PatchSize, images.Channels("image_mean"), images.Channels("image_std"), device);
        _tower = ClipTower.Whole(source, "model.vision_tower", tower, _patches);
        _projection = source($"{projector}.mm_input_projection_weight", tower.Width,
            model.Text.Width("hidden_size", Gemma3Decoder.Defaults.HiddenSize));
        _norm = new(source, $"{projector}.mm_soft_emb_norm", tower.Width, tower.Epsilon, plusOne: true);
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(new long[] { tiles.Length, _patches.Grid, _patches.Grid }).view(1, 3));
        Tensor pooled = Pooled(_tower.Forward(tiles, type, device, observe));
        Tensor merged = _norm.Forward(pooled).matmul(_projection.As(type));   // [V, D]
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => _patches.Dispose();

    /// <summary>Features [images, grid * grid, width] -> means of squares of them [V, width].</summary>
    private Tensor Pooled(Tensor features)
    {
        long side = _patches.Grid / _config.Pool;
        Tensor squares = features.view(features.shape[0], side, _config.Pool, side, _config.Pool, _config.Tower.Width);
        return squares.mean([2, 4]).view(-1, _config.Tower.Width);
    }
}
