using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>
/// The vision encoder: patches with interpolated positions through blocks of full attention within an image, then 2 x 2 patches merged into
/// a token. DeepStack mergers do the same to the output of some blocks.
/// </summary>
internal sealed class VisionTower : IVisionEncoder
{
    /// <summary>Of all norms.</summary>
    public const double Epsilon = 1e-6;

    private readonly VisionConfig _config;
    private readonly Parameter _patchWeight, _patchBias, _positions;
    private readonly VisionBlock[] _blocks;
    private readonly PatchMerger _merger;
    private readonly PatchMerger[] _deepStackMergers;
    private readonly GridPatches _patches;

    /// <summary>Takes the tower's parameters from a source.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="patches">Cuts and normalises images.</param>
    public VisionTower(ParameterSource source, string name, VisionConfig config, GridPatches patches)
    {
        (_config, _patches) = (config, patches);
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        _patchWeight = source($"{name}.patch_embed.proj.weight", config.HiddenSize, 3, config.TemporalPatchSize, config.PatchSize,
            config.PatchSize);
        _patchBias = source($"{name}.patch_embed.proj.bias", config.HiddenSize);
        _positions = source($"{name}.pos_embed.weight", config.PositionCount, config.HiddenSize);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i => new VisionBlock(source, $"{name}.blocks.{i}", config))];
        _merger = new(source, $"{name}.merger", config, normAfterShuffle: false);
        _deepStackMergers = [.. config.DeepStackBlocks.Index()
            .Select(level => new PatchMerger(source, $"{name}.deepstack_merger_list.{level.Index}", config, normAfterShuffle: true))];
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => _deepStackMergers.Length;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] pictures = [.. images.Select(image => image.Tiles[0])];
        var grids = _patches.GridsOf(pictures);
        observe?.Invoke(VisionLanguageModel.VisionBegins, GridPatches.Sizes(grids));
        Tensor patches = cat([.. pictures.Select(_patches.Cut)], 0).to(type);   // [P, 3 * t * p * p]
        Tensor x = Products.Linear(patches, _patchWeight.As(type).view(_config.HiddenSize, -1), _patchBias.As(type));
        observe?.Invoke("vision.patch_embed", x);
        x = x.Plus(cat([.. grids.Select(grid => PositionsOf(grid, type, device))], 0));
        observe?.Invoke("vision.block0_input", x);
        Rotary rotary = _patches.RotaryOf(grids, _config.HiddenSize / _config.HeadCount, type);
        using var attention = PackedAttention.Create([.. grids.Select(grid => grid.Height * grid.Width)], causal: false, device);
        var levels = new Tensor[_deepStackMergers.Length];
        for (int i = 0; i < _blocks.Length; i++)
        {
            x = _blocks[i].Forward(x, rotary, attention).InPlaceOf(x);
            observe?.Invoke($"vision.blocks.{i}.output", x);
            for (int level = 0; level < levels.Length; level++)
            {
                if (_config.DeepStackBlocks[level] != i) continue;
                levels[level] = _deepStackMergers[level].Forward(x);
                observe?.Invoke($"vision.deepstack.{level}", levels[level]);
            }
        }
        Tensor merged = _merger.Forward(x);
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        foreach (Tensor level in levels) level.MoveToOuterDisposeScope();
        return new(merged.MoveToOuterDisposeScope(), levels);
    }

    public void Dispose() => _patches.Dispose();

    private Tensor PositionsOf((int Height, int Width) grid, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        long side = (long)Math.Sqrt(_config.PositionCount), m = _config.MergeSize;
        (Tensor Low, Tensor High, Tensor Part) Axis(int n)
        {
            Tensor at = linspace(0, side - 1, n, ScalarType.Float32, device);
            Tensor low = at.to(ScalarType.Int64);
            return (low, low.Plus(1).AtMost(side - 1), at - low);
        }
        var (rowLow, rowHigh, rowPart) = Axis(grid.Height);
        var (columnLow, columnHigh, columnPart) = Axis(grid.Width);
        Tensor Corner(Tensor row, Tensor column, Tensor rowWeight, Tensor columnWeight)
        {
            Tensor index = row.unsqueeze(1).Times(side).Plus(column.unsqueeze(0)).reshape(-1);
            Tensor weight = (rowWeight.unsqueeze(1) * columnWeight.unsqueeze(0)).reshape(-1, 1);
            return _positions.As(type).index_select(0, index) * weight.to(type);
        }
        Tensor rowRest = rowPart.neg().Plus(1), columnRest = columnPart.neg().Plus(1);
        Tensor interpolated = Corner(rowLow, columnLow, rowRest, columnRest).Plus(Corner(rowLow, columnHigh, rowRest, columnPart))
            .Plus(Corner(rowHigh, columnLow, rowPart, columnRest)).Plus(Corner(rowHigh, columnHigh, rowPart, columnPart));
        Tensor byBlock = interpolated.view(grid.Height / m, m, grid.Width / m, m, -1).permute(0, 2, 1, 3, 4);
        return byBlock.reshape(grid.Height * grid.Width, -1).MoveToOuterDisposeScope();
    }
}
