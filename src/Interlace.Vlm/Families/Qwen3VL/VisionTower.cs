using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>
/// The vision encoder: patches with interpolated positions through blocks of full attention within an image, then 2 x 2 patches merged into a token.
/// DeepStack mergers do the same to the output of some blocks.
/// </summary>
internal sealed class VisionTower : IVisionEncoder
{
    /// <summary>Of all norms.</summary>
    public const double Epsilon = 1e-6;

    private const double RopeTheta = 10_000;

    private readonly VisionConfig _config;
    private readonly Parameter _patchWeight, _patchBias, _positions;
    private readonly VisionBlock[] _blocks;
    private readonly PatchMerger _merger;
    private readonly PatchMerger[] _deepStackMergers;
    private readonly Tensor _mean, _deviation;   // [3, 1, 1, 1] in units of the 8-bit pixels

    /// <summary>Takes the tower's parameters from a source.</summary>
    /// <param name="source">Gives the parameters.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="mean">Mean of the pixels per channel, of values 0 to 1.</param>
    /// <param name="deviation">Their standard deviation.</param>
    /// <param name="device">Where it runs.</param>
    public VisionTower(
        ParameterSource source, string name, VisionConfig config, IReadOnlyList<double> mean, IReadOnlyList<double> deviation, Device device)
    {
        using var scope = NewDisposeScope();
        _config = config;
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        Parameters = parameters;
        _patchWeight = source($"{name}.patch_embed.proj.weight", config.HiddenSize, 3, config.TemporalPatchSize, config.PatchSize, config.PatchSize);
        _patchBias = source($"{name}.patch_embed.proj.bias", config.HiddenSize);
        _positions = source($"{name}.pos_embed.weight", config.PositionCount, config.HiddenSize);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i => new VisionBlock(source, $"{name}.blocks.{i}", config))];
        _merger = new(source, $"{name}.merger", config, normAfterShuffle: false);
        _deepStackMergers = [.. config.DeepStackBlocks.Index()
            .Select(level => new PatchMerger(source, $"{name}.deepstack_merger_list.{level.Index}", config, normAfterShuffle: true))];
        Tensor Channels(IReadOnlyList<double> values) =>
            tensor(values.Select(value => (float)(value * 255)).ToArray(), device: device).view(3, 1, 1, 1).DetachFromDisposeScope();
        (_mean, _deviation) = (Channels(mean), Channels(deviation));
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Levels => _deepStackMergers.Length;

    public VisualFeatures Encode(IReadOnlyList<VisualInput> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        RgbImage[] pictures = [.. images.Select(image => image.Tiles[0])];
        (int Height, int Width)[] grids = [.. pictures.Select(image => (image.Height / _config.PatchSize, image.Width / _config.PatchSize))];
        long[] sizes = [.. grids.SelectMany(grid => new long[] { 1, grid.Height, grid.Width })];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(sizes).view(-1, 3));
        Tensor patches = cat([.. pictures.Select(image => Cut(image, device))], 0).to(type);   // [P, 3 * t * p * p]
        Tensor x = functional.linear(patches, _patchWeight.As(type).view(_config.HiddenSize, -1), _patchBias.As(type));
        observe?.Invoke("vision.patch_embed", x);
        x = x.Plus(cat([.. grids.Select(grid => PositionsOf(grid, type, device))], 0));
        observe?.Invoke("vision.block0_input", x);
        Rotary rotary = RotaryOf(grids, type, device);
        using var attention = PackedAttention.Create([.. grids.Select(grid => grid.Height * grid.Width)], causal: false, device);
        var levels = new Tensor[_deepStackMergers.Length];
        for (int i = 0; i < _blocks.Length; i++)
        {
            x = _blocks[i].Forward(x, rotary, attention);
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

    public void Dispose()
    {
        _mean.Dispose();
        _deviation.Dispose();
    }

    /// <summary>An image's patches in the order of the merge blocks, [P, 3 * t * p * p], normalised, fp32; the image stands still for all t.</summary>
    internal Tensor Cut(RgbImage image, Device device)
    {
        using var scope = NewDisposeScope();
        int p = _config.PatchSize, m = _config.MergeSize, t = _config.TemporalPatchSize;
        if (image.Height % (p * m) != 0 || image.Width % (p * m) != 0)
            throw new ArgumentException($"an image of {image.Width} x {image.Height} does not fit patches of {p} merged by {m}", nameof(image));
        Tensor bytes = tensor(image.Pixels, ScalarType.Byte, device: device);
        Tensor pixels = bytes.view(image.Height / (p * m), m, p, image.Width / (p * m), m, p, 3);
        Tensor blocks = pixels.permute(0, 3, 1, 4, 6, 2, 5).to(ScalarType.Float32);   // [rows, columns, m, m, 3, p, p]
        Tensor normal = (blocks.unsqueeze(5) - _mean) / _deviation;                   // [.., 3, 1, p, p]
        return normal.expand(-1, -1, -1, -1, -1, t, -1, -1).reshape(-1, 3 * t * p * p).MoveToOuterDisposeScope();
    }

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

    private Rotary RotaryOf((int Height, int Width)[] grids, ScalarType type, Device device)
    {
        int m = _config.MergeSize;
        var (rows, columns) = (new List<float>(), new List<float>());
        foreach (var (height, width) in grids)
            for (int y = 0; y < height; y += m)
                for (int x = 0; x < width; x += m)
                    for (int i = 0; i < m * m; i++)
                    {
                        rows.Add(y + i / m);
                        columns.Add(x + i % m);
                    }
        Tensor frequencies = Rotary.Frequencies(_config.HiddenSize / _config.HeadCount / 2, RopeTheta, device);   // [d / 4]
        Tensor Angles(List<float> at) => tensor(at.ToArray(), device: device).unsqueeze(1) * frequencies;
        return Rotary.FromAngles(cat([Angles(rows), Angles(columns)], 1), type);                                  // [P, d / 2]
    }
}
