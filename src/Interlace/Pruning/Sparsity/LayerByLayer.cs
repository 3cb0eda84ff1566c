using Interlace.Calibration;
using Interlace.Data;
using Interlace.Jobs;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Pruning.Sparsity;

/// <summary>
/// The calibration samples on their way through the decoder, all through one layer before any through the next: a layer's statistics are
/// measured with the sparse weights of all layers below it. Between layers the samples wait on the disk; one batch is in memory.
/// </summary>
/// <param name="model">The model; its weights are what they were after each call.</param>
/// <param name="folder">An existing folder for the samples' states.</param>
/// <param name="progress">Reports after each pass of a batch through a layer.</param>
/// <param name="cancellation">Ends between two passes.</param>
/// <param name="ranks">The ranks, each of which leads every n-th batch; this process alone where absent.</param>
internal sealed class LayerByLayer(VisionLanguageModel model, string folder, IProgress<StageProgress>? progress = null,
    ICollective? ranks = null, CancellationToken cancellation = default)
{
    private const string Stage = "sparsify";

    private readonly ICollective _ranks = ranks ?? new OneProcess();
    private readonly List<PausedPass> _passes = [];   // those of this rank
    private long _done;

    /// <summary>Samples on their way, on all ranks.</summary>
    public int Samples { get; private set; }

    /// <summary>Their tokens.</summary>
    public long Tokens { get; private set; }

    /// <summary>Embeds the samples, in batches of a token budget.</summary>
    /// <param name="samples">The samples, in order.</param>
    /// <param name="skipped">Receives what is left out, as the samples are read.</param>
    /// <param name="batchTokens">Tokens of a batch; a longer sample stands alone.</param>
    /// <param name="total">Samples there are, for the progress.</param>
    /// <param name="needRoom">Given the bytes of each batch before they are written; refuses where there is no room for them.</param>
    /// <param name="filtered">What is left out before the samples come here, told where none is left.</param>
    /// <exception cref="InputException">There is no sample.</exception>
    public void Begin(IEnumerable<LoadedSample> samples, SkipCounts skipped, int batchTokens, long total, Action<long>? needRoom = null,
        SkipCounts? filtered = null)
    {
        foreach (var (number, (batch, _, _)) in CalibrationBatch.Of(samples, skipped, batchTokens).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            EncodedSample[] encoded = [.. batch.Select(sample => sample.Encoded)];
            Samples += encoded.Length;
            Tokens += encoded.Sum(sample => (long)sample.Length);
            needRoom?.Invoke(PausedPass.LargestSize(model, encoded));
            if (number % _ranks.Count == _ranks.Rank) _passes.Add(PausedPass.Begin(model, encoded, Path.Combine(folder, $"{number}")));
            progress?.Report(new("embed", batch[^1].Index + 1, total, "samples", $"{Tokens:N0} tokens"));
        }
        if (Samples == 0) throw new SkipCounts([.. skipped, .. filtered ?? []]).NoneLeft();
    }

    /// <summary>Measures what the linear layers of a layer read, over all samples. The caller disposes it.</summary>
    /// <param name="l">0-based layer: the samples stand before it.</param>
    public InputNorms Measure(int l)
    {
        var norms = new InputNorms();
        foreach (var pass in Each(l)) pass.Forward(l, norms.Add).Dispose();
        if (_ranks.Count > 1) norms.AddOthers(model.Layers[l], _ranks);
        return norms;
    }

    /// <summary>Takes all samples through a layer with other weights.</summary>
    /// <param name="l">0-based layer: the samples stand before it.</param>
    /// <param name="weights">The other values by name, in any type.</param>
    public void Advance(int l, IReadOnlyDictionary<string, Tensor> weights)
    {
        Parameter[] parameters = [.. model.Layers[l].Linears.Select(linear => linear.Weight)];
        Tensor[] before = [.. parameters.Select(weight => weight.Exchange(weights[weight.Name].to(model.ComputeType, copy: true)))];
        try
        {
            foreach (var pass in Each(l))
            {
                using Tensor output = pass.Forward(l);
                pass.Store(output);
            }
        }
        finally
        {
            foreach (var (weight, value) in parameters.Zip(before)) weight.Exchange(value).Dispose();
        }
    }

    private IEnumerable<PausedPass> Each(int l)
    {
        foreach (var pass in _passes)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return pass;
            model.CheckUnchanged();
            // behind the last layer nothing is measured
            progress?.Report(new(Stage, ++_done, (2L * model.Layers.Count - 1) * _passes.Count, "passes",
                $"layer {l + 1} of {model.Layers.Count}"));
        }
    }
}
