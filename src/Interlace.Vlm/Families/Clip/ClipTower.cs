using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Images;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Clip;

/// <summary>
/// A vision tower of the kind of CLIP or SigLIP: patches of square tiles with learned positions through pre-norm layers. Features are taken
/// behind one of the layers; those above it lie in the files and take no part, as does the norm behind the last in most families.
/// </summary>
internal sealed class ClipTower
{
    private readonly ClipConfig _config;
    private readonly TilePatches _patches;
    private readonly int _used;            // layers that take part
    private readonly bool _keepsClass;
    private readonly Parameter _patchWeight, _positions;
    private readonly Parameter? _patchBias, _classToken;
    private readonly LayerNorm? _preNorm;
    private readonly LayerNorm _postNorm;
    private readonly bool _norms;          // whether features are normed
    private readonly ClipLayer[] _layers;

    /// <summary>Takes the tower's parameters from a source.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="features">Which states are the features.</param>
    /// <param name="patches">Cuts and normalises tiles.</param>
    public ClipTower(ParameterSource source, string name, ClipConfig config, FeatureChoice features, TilePatches patches)
        : this(source, name, config, patches, features.LayersOf(config.Depth), features.KeepsClassToken, norms: false)
    {
    }

    private ClipTower(
        ParameterSource source, string name, ClipConfig config, TilePatches patches, int used, bool keepsClass, bool norms)
    {
        (_config, _patches, _used, _keepsClass, _norms) = (config, patches, used, keepsClass, norms);
        if (!config.IsSiglip) _classToken = source($"{name}.embeddings.class_embedding", config.Width);
        _patchWeight = source($"{name}.embeddings.patch_embedding.weight", config.Width, 3, config.PatchSize, config.PatchSize);
        if (config.IsSiglip) _patchBias = source($"{name}.embeddings.patch_embedding.bias", config.Width);
        _positions = source($"{name}.embeddings.position_embedding.weight", config.Grid * config.Grid + config.ClassTokens, config.Width);
        if (!config.IsSiglip) _preNorm = new(source, $"{name}.pre_layrnorm", config.Width, config.Epsilon);
        _layers = [.. Enumerable.Range(0, config.Depth).Select(i => new ClipLayer(source, $"{name}.encoder.layers.{i}", config))];
        _postNorm = new(source, $"{name}.post_layernorm", config.Width, config.Epsilon);
    }

    /// <summary>A tower whose features are its last states behind the last norm.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="patches">Cuts and normalises tiles.</param>
    public static ClipTower Whole(ParameterSource source, string name, ClipConfig config, TilePatches patches) =>
        new(source, name, config, patches, config.Depth, keepsClass: true, norms: true);

    /// <summary>Tiles -> features [tiles, tokens, width].</summary>
    public Tensor Forward(IReadOnlyList<RgbImage> tiles, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        Tensor x = Products.Linear(_patches.Cut(tiles).to(type), _patchWeight.As(type).view(_config.Width, -1), _patchBias?.As(type));
        observe?.Invoke("vision.patch_embed", x);
        x = x.view(tiles.Count, -1, _config.Width);
        if (_classToken is not null) x = cat([_classToken.As(type).view(1, 1, -1).expand(tiles.Count, -1, -1), x], 1);
        x = x.Plus(_positions.As(type).unsqueeze(0)).reshape(-1, _config.Width);
        if (_preNorm is not null) x = _preNorm.Forward(x);
        int tokens = _patches.Count + _config.ClassTokens;
        using var attention = PackedAttention.Create([.. Enumerable.Repeat(tokens, tiles.Count)], causal: false, device);
        for (int i = 0; i < _used; i++)
        {
            x = _layers[i].Forward(x, attention).InPlaceOf(x);
            observe?.Invoke($"vision.layers.{i}.output", x);
        }
        if (_norms) x = _postNorm.Forward(x);
        Tensor features = x.view(tiles.Count, tokens, _config.Width);
        int skipped = _keepsClass ? 0 : _config.ClassTokens;
        return features.narrow(1, skipped, tokens - skipped).MoveToOuterDisposeScope();
    }
}
