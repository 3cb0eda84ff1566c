using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Qwen2VL;

/// <summary>The vision encoder: patches through blocks of full attention within an image, then m x m patches merged into a token.</summary>
internal sealed class VisionTower : IVisionEncoder
{
    private readonly VisionConfig _config;
    private readonly GridPatches _patches;
    private readonly Parameter _patchWeight;
    private readonly VisionBlock[] _blocks;
    private readonly PatchMerger _merger;

    public VisionTower(ParameterSource source, string name, VisionConfig config, GridPatches patches)
    {
        (_config, _patches) = (config, patches);
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        _patchWeight = source($"{name}.patch_embed.proj.weight", config.Width, 3, config.TemporalPatchSize, config.PatchSize,
            config.PatchSize);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i => new VisionBlock(source, $"{name}.blocks.{i}", config))];
        var norm = new LayerNorm(source, $"{name}.merger.ln_q", config.Width, VisionBlock.Epsilon);
        _merger = new(source, $"{name}.merger", norm.Forward, config.Width, config.MergeSize, config.OutputSize);
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => 0;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] pictures = [.. images.Select(image => image.Tiles[0])];
        var grids = _patches.GridsOf(pictures);
        observe?.Invoke(VisionLanguageModel.VisionBegins, GridPatches.Sizes(grids));
        Tensor pixels = cat([.. pictures.Select(_patches.Cut)], 0).to(type);   // [P, 3 * t * p * p]
        Tensor x = Products.Linear(pixels, _patchWeight.As(type).view(_config.Width, -1));
        observe?.Invoke("vision.patch_embed", x);
        Rotary rotary = _patches.RotaryOf(grids, _config.Width / _config.HeadCount, type);
        using var attention = PackedAttention.Create([.. grids.Select(grid => grid.Height * grid.Width)], causal: false, device);
        for (int i = 0; i < _blocks.Length; i++)
        {
            x = _blocks[i].Forward(x, rotary, attention).InPlaceOf(x);
            observe?.Invoke($"vision.blocks.{i}.output", x);
        }
        Tensor merged = _merger.Forward(x);
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        return new(merged.MoveToOuterDisposeScope(), []);
    }

    public void Dispose() => _patches.Dispose();
}
