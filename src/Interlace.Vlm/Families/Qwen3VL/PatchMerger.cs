using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>Merges m x m patches into one token: the main merger norms the patches, the DeepStack ones the merged rows.</summary>
internal sealed class PatchMerger
{
    private readonly bool _normAfterShuffle;
    private readonly long _merged;
    private readonly LayerNorm _norm;
    private readonly Linear _up, _down;

    public PatchMerger(ParameterSource source, string name, VisionConfig config, bool normAfterShuffle)
    {
        _normAfterShuffle = normAfterShuffle;
        _merged = (long)config.HiddenSize * config.MergeSize * config.MergeSize;
        _norm = new(source, $"{name}.norm", normAfterShuffle ? _merged : config.HiddenSize, VisionTower.Epsilon);
        _up = new(source, $"{name}.linear_fc1", _merged, _merged, bias: true);
        _down = new(source, $"{name}.linear_fc2", _merged, config.OutputSize, bias: true);
    }

    public Tensor Forward(Tensor x)   // [P, D] -> [P / m^2, output]
    {
        Tensor rows = _normAfterShuffle ? _norm.Forward(x.view(-1, _merged)) : _norm.Forward(x).view(-1, _merged);
        return _down.Forward(_up.Forward(rows).gelu());
    }
}
