using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// A pass without a cache that waits on the disk between two decoder layers: its residual stream, and what its layers share. So any number of batches can go through the layers side by side,
/// all through one layer before any through the next, with one of them in memory. States lie in the type of the computation: nothing is lost on the way.
/// </summary>
public sealed class PausedPass
{
    private const string Stream = "x", Cos = "rope.cos", Sin = "rope.sin", Rows = "visual.rows", Level = "visual.level.";

    private readonly VisionLanguageModel _model;
    private readonly string _stream, _shared;
    private readonly int[] _lengths;

    private PausedPass(VisionLanguageModel model, string path, int[] lengths) => (_model, _stream, _shared, _lengths) = (model, path, path + ".shared", lengths);

    /// <summary>Samples of the batch.</summary>
    public int Samples => _lengths.Length;

    /// <summary>Tokens of the batch.</summary>
    public int Tokens => _lengths.Sum();

    /// <summary>Embeds a batch and stores X0.</summary>
    /// <param name="model">The model; the pass runs its layers as they are at each call.</param>
    /// <param name="batch">Not needed any more after the call.</param>
    /// <param name="path">A new file in a folder that is there; another one is written beside it.</param>
    public static PausedPass Begin(VisionLanguageModel model, Batch batch, string path)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var pass = new PausedPass(model, path, batch.Lengths);
        var (x, inputs) = model.Embed(batch);
        using (inputs)
        {
            var shared = new List<TensorSource> { TensorSource.FromTensor(Cos, inputs.Rotary.Cos), TensorSource.FromTensor(Sin, inputs.Rotary.Sin) };
            if (inputs.Visual is { } visual)
            {
                shared.Add(TensorSource.FromTensor(Rows, visual.Rows));
                shared.AddRange(visual.Levels.Select((level, i) => TensorSource.FromTensor($"{Level}{i}", level)));
            }
            SafeTensorsWriter.Write(pass._shared, shared);
        }
        pass.Store(x);
        return pass;
    }

    /// <summary>An upper bound, for models of ordinary proportions, of the bytes that a batch takes on the disk.</summary>
    public static long LargestSize(VisionLanguageModel model, Batch batch) =>
        (2L * batch.TokenCount + (long)model.VisualLevels * batch.VisualRows.shape[0]) * model.HiddenSize * model.ComputeType.ToElementType().Size() + 8L * batch.VisualRows.shape[0] + 4096;

    /// <summary>Runs layer <paramref name="l"/> on the stored stream, which stays as it is. The visual features that enter before the layer are added first. -> [N, D].</summary>
    /// <param name="l">0-based layer: the one after those whose output was stored.</param>
    /// <param name="observe">Sees what the layer's linear layers read.</param>
    public Tensor Run(int l, LinearObserver? observe = null)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var inputs = Inputs(l, observe);
        Tensor input = _model.Enter(l, Read(_stream, _ => true)[Stream], inputs);
        return _model.Layers[l].Run(input, inputs, l).MoveToOuterDisposeScope();
    }

    /// <summary>Stores the output [N, D] of a layer in place of its input.</summary>
    public void Store(Tensor x) => SafeTensorsWriter.Write(_stream, [TensorSource.FromTensor(Stream, x)]);

    private LayerInputs Inputs(int l, LinearObserver? observe)
    {
        // Visual features are by far the largest of what is shared, and no layer behind the first ones wants them.
        var shared = Read(_shared, name => l <= _model.VisualLevels || name is Cos or Sin);
        return new()
        {
            Rotary = new Rotary(shared[Cos], shared[Sin]),
            Attention = PackedAttention.Create(_lengths, causal: true, _model.Device),
            Visual = shared.TryGetValue(Rows, out var rows) ? (rows, [.. Enumerable.Range(0, shared.Count - 3).Select(i => shared[$"{Level}{i}"])]) : null,
            Observe = observe,
        };
    }

    private Dictionary<string, Tensor> Read(string path, Func<string, bool> wanted)
    {
        using var file = SafeTensorsFile.Open(path);
        // Copies: the mapping ends here, and the file of the stream is written anew.
        return file.Tensors.Where(tensor => wanted(tensor.Name)).ToDictionary(tensor => tensor.Name, tensor => ParameterSources.Load(file, tensor, CPU).to(_model.Device, copy: true), StringComparer.Ordinal);
    }
}
