using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// A pass without a cache that waits on the disk between two decoder layers. So any number of batches can go through the layers side by
/// side, all through one layer before any through the next, with the residual stream of one of them in memory. It lies in the type of the
/// computation: nothing is lost on the way.
/// </summary>
public sealed class PausedPass
{
    private const string Stream = "x", Level = "level.";

    private readonly VisionLanguageModel _model;
    private readonly EncodedSample[] _samples;   // their images have been seen
    private readonly string _stream, _levels;
    private readonly int _levelCount;

    private PausedPass(VisionLanguageModel model, IEnumerable<EncodedSample> samples, string path, string levels, int levelCount)
    {
        (_model, _stream, _levels, _levelCount) = (model, path, levels, levelCount);
        _samples = [.. samples.Select(sample => sample with { Images = [] })];
    }

    /// <summary>Samples of the batch.</summary>
    public int Samples => _samples.Length;

    /// <summary>Tokens of the batch.</summary>
    public int Tokens => _samples.Sum(sample => sample.Length);

    /// <summary>Embeds a batch and stores X0.</summary>
    /// <param name="model">The model; the pass runs its layers as they are at each call.</param>
    /// <param name="samples">The batch.</param>
    /// <param name="path">
    /// A new file in a folder that is there; another one is written beside it where visual features are added between layers.
    /// </param>
    public static PausedPass Begin(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples, string path)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack(samples, model.Device);
        var (x, shared) = model.Embed(batch);
        using (shared)
        {
            var levels = shared.Added?.Levels ?? [];
            var pass = new PausedPass(model, samples, path, path + ".levels", levels.Count);
            if (levels.Count > 0)
                SafeTensorsWriter.Write(pass._levels, levels.Select((level, i) => TensorSource.FromTensor($"{Level}{i}", level)));
            pass.Store(x);
            return pass;
        }
    }

    /// <summary>An upper bound, for models of ordinary proportions, of the bytes that a batch takes on the disk.</summary>
    public static long LargestSize(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples)
    {
        long tokens = samples.Sum(sample => (long)sample.Length), visual = samples.Sum(sample => (long)sample.Count(TokenKind.Image));
        // The stream is written anew beside the old one.
        return (2 * tokens + model.AddedLevels * visual) * model.HiddenSize * model.ComputeType.ToElementType().Size() + 4096;
    }

    /// <summary>The same samples at the same place on their way through another model, which shares the layers so far.</summary>
    /// <param name="model">That model.</param>
    /// <param name="path">A new file; the features that are added between layers are read where they lie.</param>
    public PausedPass Branch(VisionLanguageModel model, string path)
    {
        File.Copy(_stream, path);
        return new(model, _samples, path, _levels, _levelCount);
    }

    /// <summary>
    /// Runs layer <paramref name="l"/> on the stored stream, which stays as it is. Visual features that enter before the layer are added
    /// first. -> [N, D].
    /// </summary>
    /// <param name="l">0-based layer: the one after those whose output was stored.</param>
    /// <param name="observe">Sees what the layer's linear layers read.</param>
    /// <param name="observeFeedForward">Sees what its feed-forward adds.</param>
    public Tensor Forward(int l, LinearObserver? observe = null, FeedForwardObserver? observeFeedForward = null)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack(_samples, _model.Device);
        using var pass = _model.NewPass(batch, added: Added(l, batch), observe: observe, observeFeedForward: observeFeedForward);
        Tensor input = VisionLanguageModel.Enter(l, Read(_stream)[Stream], pass);
        return _model.Layers[l].Forward(input, pass, l).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Runs the layers from <paramref name="from"/> up to, not including, <paramref name="to"/> and stores what they give.
    /// </summary>
    public void Advance(int from, int to)
    {
        for (int l = from; l < to; l++)
        {
            using Tensor output = Forward(l);
            Store(output);
        }
    }

    /// <summary>The true input of layer l (l = L: of the final norm), visual features that enter before it included. -> [N, D].</summary>
    /// <param name="l">0-based: the layer after those whose output was stored.</param>
    public Tensor Input(int l)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack(_samples, _model.Device);
        using var pass = _model.NewPass(batch, added: Added(l, batch));
        return VisionLanguageModel.Enter(l, Read(_stream)[Stream], pass).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What would have to stand behind layer l - 1 so that <paramref name="input"/> enters layer l: the input without the visual features
    /// that are added before that layer. [N, D] -> [N, D] in float64.
    /// </summary>
    public Tensor Before(int l, Tensor input)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack(_samples, _model.Device);
        using var pass = _model.NewPass(batch, added: Added(l, batch));
        Tensor nothing = zeros(input.shape, input.dtype, input.device);
        Tensor added = VisionLanguageModel.Enter(l, nothing, pass).to(ScalarType.Float64);
        return input.to(ScalarType.Float64).Plus(added.neg()).MoveToOuterDisposeScope();
    }

    /// <summary>Stores the output [N, D] of a layer in place of its input.</summary>
    public void Store(Tensor x) => SafeTensorsWriter.Write(_stream, [TensorSource.FromTensor(Stream, x)]);

    /// <summary>Visual features are large, and no layer behind the first ones wants them.</summary>
    private AddedFeatures? Added(int l, Batch batch)
    {
        if (_levelCount == 0 || l > _levelCount) return null;
        var levels = Read(_levels);
        return new(batch.VisualRows, [.. Enumerable.Range(0, _levelCount).Select(i => levels[$"{Level}{i}"])]);
    }

    private Dictionary<string, Tensor> Read(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        // Copies: the mapping ends here, and the file of the stream is written anew.
        Tensor Copy(TensorEntry tensor) => ParameterSources.Load(file, tensor, CPU).to(_model.Device, copy: true);
        return file.Tensors.ToDictionary(tensor => tensor.Name, Copy, StringComparer.Ordinal);
    }
}
