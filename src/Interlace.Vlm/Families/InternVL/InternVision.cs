using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.InternVL;

/// <summary>
/// InternVL's way from tiles to tokens: InternViT with a class token and learned positions, squares of features joined into one (pixel
/// shuffle), then a norm and two linear layers.
/// </summary>
internal sealed class InternVision : IVisionEncoder
{
    private const double ProjectorEpsilon = 1e-5;

    private readonly InternConfig _config;
    private readonly FeatureChoice _features;
    private readonly TilePatches _patches;
    private readonly Parameter _classToken, _positions, _patchWeight, _patchBias;
    private readonly InternLayer[] _layers;
    private readonly LayerNorm? _finalNorm;
    private readonly LayerNorm _projectorNorm;
    private readonly Linear _first, _second;
    private readonly Func<Tensor, Tensor> _activation;

    public InternVision(ParameterSource source, ModelConfig model, Device device)
    {
        const string tower = "model.vision_tower", projector = "model.multi_modal_projector";
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        _config = InternConfig.Read(model);
        _features = FeatureChoice.Read(model, layer: -1, strategy: "default");
        if (_features.KeepsClassToken)
        {
            throw new InputException($"{model.Root.File}: "
                + "vision_feature_select_strategy is full, but only patches can be joined into tokens.");
        }
        _patches = ImageSettings.Patches(model, _config.ImageSize, _config.PatchSize, device);
        _classToken = source($"{tower}.embeddings.cls_token", 1, 1, _config.Width);
        _positions = source($"{tower}.embeddings.position_embeddings", 1, _patches.Count + 1, _config.Width);
        _patchWeight = source($"{tower}.embeddings.patch_embeddings.projection.weight", _config.Width, 3, _config.PatchSize,
            _config.PatchSize);
        _patchBias = source($"{tower}.embeddings.patch_embeddings.projection.bias", _config.Width);
        _layers = [.. Enumerable.Range(0, _config.Depth).Select(i => new InternLayer(source, $"{tower}.encoder.layer.{i}", _config))];
        if (_config.HasFinalNorm) _finalNorm = new(source, $"{tower}.layernorm", _config.Width, _config.Epsilon);
        long joined = (long)_config.Width * _config.Shuffle * _config.Shuffle;
        int output = model.Text.Width("hidden_size");
        _activation = Activation.Find(model.Root.OneOf("projector_hidden_act", "gelu", [.. Activation.Names]))!;
        _projectorNorm = new(source, $"{projector}.layer_norm", joined, ProjectorEpsilon);
        _first = new(source, $"{projector}.linear_1", joined, output, bias: true);
        _second = new(source, $"{projector}.linear_2", output, output, bias: true);
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(new long[] { tiles.Length, _patches.Grid, _patches.Grid }).view(1, 3));
        Tensor joined = FeatureSquares.Join(Tower(tiles, type, device, observe), _config.Shuffle);
        Tensor merged = _second.Forward(_activation(_first.Forward(_projectorNorm.Forward(joined))));   // [V, D]
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => _patches.Dispose();

    /// <summary>Tiles -> features of their patches [tiles, count, width].</summary>
    private Tensor Tower(IReadOnlyList<RgbImage> tiles, ScalarType type, Device device, Observer? observe)
    {
        Tensor x = Products.Linear(_patches.Cut(tiles).to(type), _patchWeight.As(type).view(_config.Width, -1), _patchBias.As(type));
        observe?.Invoke("vision.patch_embed", x);
        int tokens = _patches.Count + 1;
        x = cat([_classToken.As(type).expand(tiles.Count, -1, -1), x.view(tiles.Count, -1, _config.Width)], 1);
        x = x.Plus(_positions.As(type)).reshape(-1, _config.Width);
        using var attention = PackedAttention.Create([.. Enumerable.Repeat(tokens, tiles.Count)], causal: false, device);
        int used = _features.LayersOf(_config.Depth);
        for (int i = 0; i < used; i++)
        {
            x = _layers[i].Forward(x, attention).InPlaceOf(x);
            observe?.Invoke($"vision.layers.{i}.output", x);
        }
        if (_features.Layer == -1 && _finalNorm is not null) x = _finalNorm.Forward(x);
        return x.view(tiles.Count, tokens, _config.Width).narrow(1, 1, _patches.Count);
    }
}
