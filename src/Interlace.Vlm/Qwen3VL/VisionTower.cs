using Interlace.Vlm.Blocks;
using Interlace.Vlm.Images;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.Vlm.Qwen3VL;

/// <summary>
/// The vision encoder: patches with interpolated positions through blocks of full attention within an image, then 2 x 2 patches merged into a token.
/// DeepStack mergers do the same to the output of some blocks.
/// </summary>
internal sealed class VisionTower : IDisposable
{
    private const double Epsilon = 1e-6, RopeTheta = 10_000;

    private readonly VisionConfig _config;
    private readonly Parameter _patchWeight, _patchBias, _positions;
    private readonly Block[] _blocks;
    private readonly Merger _merger;
    private readonly Merger[] _deepStackMergers;
    private readonly Tensor _mean, _deviation;   // [3, 1, 1, 1] in units of the 8-bit pixels

    public VisionTower(ParameterSource source, string name, VisionConfig config, IReadOnlyList<double> mean, IReadOnlyList<double> deviation, Device device)
    {
        using var scope = NewDisposeScope();
        _config = config;
        var parameters = new List<Parameter>();
        ParameterSource given = source;
        source = (parameter, shape) =>
        {
            parameters.Add(given(parameter, shape));
            return parameters[^1];
        };
        Parameters = parameters;
        _patchWeight = source($"{name}.patch_embed.proj.weight", config.HiddenSize, 3, config.TemporalPatchSize, config.PatchSize, config.PatchSize);
        _patchBias = source($"{name}.patch_embed.proj.bias", config.HiddenSize);
        _positions = source($"{name}.pos_embed.weight", config.PositionCount, config.HiddenSize);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i => new Block(source, $"{name}.blocks.{i}", config))];
        _merger = new(source, $"{name}.merger", config, normAfterShuffle: false);
        _deepStackMergers = [.. config.DeepStackBlocks.Select((_, i) => new Merger(source, $"{name}.deepstack_merger_list.{i}", config, normAfterShuffle: true))];
        _mean = tensor(mean.Select(m => (float)(m * 255)).ToArray(), device: device).view(3, 1, 1, 1).DetachFromDisposeScope();
        _deviation = tensor(deviation.Select(d => (float)(d * 255)).ToArray(), device: device).view(3, 1, 1, 1).DetachFromDisposeScope();
    }

    /// <summary>All parameters.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Images, resized to the grid -> merged features [V, D] of all their tokens in order, and one such tensor per DeepStack level.</summary>
    public (Tensor Merged, Tensor[] Levels) Run(IReadOnlyList<RgbImage> images, ScalarType type, Device device, Observer? observe)
    {
        using var scope = NewDisposeScope();
        (int Height, int Width)[] grids = [.. images.Select(image => (image.Height / _config.PatchSize, image.Width / _config.PatchSize))];
        observe?.Invoke(VisionLanguageModel.VisionBegins, tensor(grids.SelectMany(grid => new long[] { 1, grid.Height, grid.Width }).ToArray()).view(-1, 3));
        Tensor patches = cat([.. images.Select(image => Cut(image, device))], 0).to(type);                                                   // [P, 3 * t * p * p]
        Tensor x = functional.linear(patches, _patchWeight.As(type).view(_config.HiddenSize, -1), _patchBias.As(type));
        observe?.Invoke("vision.patch_embed", x);
        x = x.Plus(cat([.. grids.Select(grid => PositionsOf(grid, type, device))], 0));
        observe?.Invoke("vision.block0_input", x);
        Rotary rotary = RotaryOf(grids, type, device);
        using var attention = PackedAttention.Create([.. grids.Select(grid => grid.Height * grid.Width)], causal: false, device);
        var levels = new Tensor[_deepStackMergers.Length];
        for (int i = 0; i < _blocks.Length; i++)
        {
            x = _blocks[i].Run(x, rotary, attention);
            observe?.Invoke($"vision.blocks.{i}.output", x);
            for (int level = 0; level < levels.Length; level++)
            {
                if (_config.DeepStackBlocks[level] != i) continue;
                levels[level] = _deepStackMergers[level].Run(x);
                observe?.Invoke($"vision.deepstack.{level}", levels[level]);
            }
        }
        Tensor merged = _merger.Run(x);
        observe?.Invoke(VisionLanguageModel.VisionEnds, merged);
        foreach (Tensor level in levels) level.MoveToOuterDisposeScope();
        return (merged.MoveToOuterDisposeScope(), levels);
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
        if (image.Height % (p * m) != 0 || image.Width % (p * m) != 0) throw new ArgumentException($"an image of {image.Width} x {image.Height} does not fit patches of {p} merged by {m}", nameof(image));
        Tensor pixels = tensor(image.Pixels, ScalarType.Byte, device: device).view(image.Height / (p * m), m, p, image.Width / (p * m), m, p, 3);
        Tensor blocks = pixels.permute(0, 3, 1, 4, 6, 2, 5).to(ScalarType.Float32);                           // [rows, columns, m, m, 3, p, p]
        Tensor normal = (blocks.unsqueeze(5) - _mean) / _deviation;                                           // [.., 3, 1, p, p]
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
        return interpolated.view(grid.Height / m, m, grid.Width / m, m, -1).permute(0, 2, 1, 3, 4).reshape(grid.Height * grid.Width, -1).MoveToOuterDisposeScope();
    }

    private Rotary RotaryOf((int Height, int Width)[] grids, ScalarType type, Device device)
    {
        int m = _config.MergeSize;
        var (rows, columns) = (new List<float>(), new List<float>());
        foreach (var (height, width) in grids)
            for (int y = 0; y < height; y += m)
                for (int x = 0; x < width; x += m)
                    for (int j = 0; j < m; j++)
                        for (int i = 0; i < m; i++) { rows.Add(y + j); columns.Add(x + i); }
        Tensor frequencies = Rotary.Frequencies(_config.HiddenSize / _config.HeadCount / 2, RopeTheta, device);   // [d / 4]
        Tensor Angles(List<float> at) => tensor(at.ToArray(), device: device).unsqueeze(1) * frequencies;
        return Rotary.FromAngles(cat([Angles(rows), Angles(columns)], 1), type);                              // [P, d / 2]
    }

    private sealed class Block(ParameterSource source, string name, VisionConfig config)
    {
        private readonly LayerNorm _norm1 = new(source, $"{name}.norm1", config.HiddenSize, Epsilon), _norm2 = new(source, $"{name}.norm2", config.HiddenSize, Epsilon);
        private readonly Linear _qkv = new(source, $"{name}.attn.qkv", config.HiddenSize, 3 * config.HiddenSize, bias: true), _projection = new(source, $"{name}.attn.proj", config.HiddenSize, config.HiddenSize, bias: true);
        private readonly Linear _up = new(source, $"{name}.mlp.linear_fc1", config.HiddenSize, config.InnerSize, bias: true), _down = new(source, $"{name}.mlp.linear_fc2", config.InnerSize, config.HiddenSize, bias: true);

        public Tensor Run(Tensor x, Rotary rotary, PackedAttention attention)   // [P, D] -> [P, D]
        {
            using var scope = NewDisposeScope();
            Tensor qkv = _qkv.Run(_norm1.Run(x)).view(-1, 3, config.HeadCount, config.HiddenSize / config.HeadCount);
            x = x.Plus(_projection.Run(attention.Run(rotary.Apply(qkv.select(1, 0)), rotary.Apply(qkv.select(1, 1)), qkv.select(1, 2).contiguous())));
            return x.Plus(_down.Run(Aten.Gelu(_up.Run(_norm2.Run(x)), tanh: true))).MoveToOuterDisposeScope();
        }
    }

    /// <summary>Merges m x m patches into one token: the main merger norms the patches, the DeepStack ones the merged rows.</summary>
    private sealed class Merger(ParameterSource source, string name, VisionConfig config, bool normAfterShuffle)
    {
        private readonly long _merged = (long)config.HiddenSize * config.MergeSize * config.MergeSize;
        private readonly LayerNorm _norm = new(source, $"{name}.norm", normAfterShuffle ? (long)config.HiddenSize * config.MergeSize * config.MergeSize : config.HiddenSize, Epsilon);
        private readonly Linear _up = new(source, $"{name}.linear_fc1", (long)config.HiddenSize * config.MergeSize * config.MergeSize, (long)config.HiddenSize * config.MergeSize * config.MergeSize, bias: true);
        private readonly Linear _down = new(source, $"{name}.linear_fc2", (long)config.HiddenSize * config.MergeSize * config.MergeSize, config.OutputSize, bias: true);

        public Tensor Run(Tensor x)   // [P, D] -> [P / m^2, output]
        {
            Tensor rows = normAfterShuffle ? _norm.Run(x.view(-1, _merged)) : _norm.Run(x).view(-1, _merged);
            return _down.Run(Aten.Gelu(_up.Run(rows), tanh: false));
        }
    }
}
