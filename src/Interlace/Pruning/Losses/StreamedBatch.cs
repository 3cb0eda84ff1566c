using Interlace.Vlm;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Pruning.Losses;

/// <summary>
/// A batch whose residual stream is remembered at every depth of the layers that are alive. A loss with one of them left out then costs
/// only the layers above it: those below it, embeddings and vision tower give what they gave before.
/// </summary>
internal sealed class StreamedBatch(VisionLanguageModel whole, IReadOnlyList<EncodedSample> samples) : IDisposable
{
    private readonly List<Tensor> _streams = [];   // [p]: output of the alive layer p [N, D], before anything enters behind it
    private int[] _path = [];                      // the layers that these went through
    private Batch? _batch;
    private (Tensor X, Pass Shared)? _embedded;

    /// <summary>Tokens that the loss is taken on.</summary>
    public long AnswerTokens { get; } = samples.Sum(sample => (long)Batch.CountTargets(sample));

    /// <summary>Bytes of everything it may remember.</summary>
    public long Bytes => (whole.Layers.Count + 1 + whole.AddedLevels) * samples.Sum(sample =>
        (long)sample.Length) * whole.HiddenSize * (whole.ComputeType == ScalarType.Float32 ? 4 : 2);

    /// <summary>Summed cross-entropy over the answer tokens.</summary>
    /// <param name="alive">The layers that are there, ascending.</param>
    /// <param name="without">One of them that is left out; none where absent. Without it the loss may be no number.</param>
    /// <exception cref="NotANumberException">The loss of all of them is no number.</exception>
    public double Loss(int[] alive, int? without = null)
    {
        _batch ??= Batch.Pack(samples, whole.Device);
        using var _ = no_grad();
        var (x, shared) = _embedded ??= whole.Embed(_batch);
        using var scope = NewDisposeScope();
        Follow(alive);
        using var model = whole.Keep([.. alive.Where(layer => layer != without)]);
        int below = without is { } layer ? Array.IndexOf(alive, layer) : alive.Length;
        Tensor hidden = model.Hidden(x.alias(), shared, (position, run, input) => position < below
            ? Remember(position, run, input) : run(input));
        double loss = AnswerLoss.Sum(model, hidden, _batch);
        return double.IsFinite(loss) || without is not null ? loss : throw FiniteValues.Refusal("The loss is no number", model, _batch);
    }

    /// <summary>Forgets and frees everything; the next loss starts with the embeddings.</summary>
    public void Dispose()
    {
        Cut(0);
        _embedded?.X.Dispose();
        _embedded?.Shared.Dispose();
        _embedded = null;
        _batch?.Dispose();
        _batch = null;
    }

    private Tensor Remember(int position, Func<Tensor, Tensor> run, Tensor input)
    {
        if (position == _streams.Count) _streams.Add(run(input).DetachFromDisposeScope());
        return _streams[position].alias();
    }

    /// <summary>Drops the streams that did not go through these layers.</summary>
    private void Follow(int[] alive)
    {
        Cut(_path.Zip(alive).TakeWhile(pair => pair.First == pair.Second).Count());
        _path = alive;
    }

    private void Cut(int length)
    {
        foreach (Tensor stream in _streams.Skip(length)) stream.Dispose();
        if (length < _streams.Count) _streams.RemoveRange(length, _streams.Count - length);
    }
}
