using Interlace.Experiments;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Frozen decoder layers that stay in the mapped file and come to the device, in the type of the computation, when they are about to run: a
/// model then need not fit into the device's memory, nor into that of the machine.
/// </summary>
/// <param name="model">The model; these layers have no weights.</param>
/// <param name="layers">0-based layers.</param>
/// <param name="calls">How they are read.</param>
internal sealed class OffloadedLayers(VisionLanguageModel model, IReadOnlySet<int> layers, InTurn calls) : BroughtLayers(model, calls)
{
    private readonly VisionLanguageModel _model = model;

    /// <summary>The layers of a model that stay in the file: all but those that are trained as they are.</summary>
    /// <param name="options">How it is tuned.</param>
    /// <param name="trained">0-based layers that are trained, or have adapters.</param>
    /// <param name="layerCount">Decoder layers of the model.</param>
    public static IReadOnlySet<int> Of(FineTuneOptions options, IEnumerable<int> trained, int layerCount)
    {
        if (options.Offload != FineTuneOptions.OffloadAll) return new HashSet<int>();
        return Enumerable.Range(0, layerCount).Except(options.Lora > 0 ? [] : trained).ToHashSet();
    }

    /// <inheritdoc/>
    public override void Follow(int from, int to, Action<int>? passed = null)   // a rank without a batch needs no layers
    {
        int step = from <= to ? 1 : -1;
        for (int l = from; l != to + step; l += step) passed?.Invoke(l);
    }

    /// <inheritdoc/>
    protected override bool Comes(int l) => layers.Contains(l);

    /// <inheritdoc/>
    protected override (Tensor[] Values, Action Call) Coming(int l, Parameter[] frozen)
    {
        var values = new Tensor[frozen.Length];
        return (values, () =>
        {
            using var part = Profile.Of("layers from the file");
            foreach (var (i, parameter) in frozen.Index()) values[i] = _model.Read(parameter);
        });
    }
}
