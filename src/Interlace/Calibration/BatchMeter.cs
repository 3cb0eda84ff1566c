using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;

namespace Interlace.Calibration;

/// <summary>
/// Puts samples together to batches, up to a budget of tokens, and measures them. The batches depend on the order of the samples alone.
/// </summary>
/// <param name="model">The model to measure.</param>
/// <param name="settings">What decides the numbers.</param>
/// <param name="blockOf">The block of a sample: no batch holds samples of two; null where there is one block.</param>
internal sealed class BatchMeter(VisionLanguageModel model, CalibrationSettings settings, Func<LoadedSample, int>? blockOf)
{
    private readonly SimilarityMeter _meter = new(model.Layers.Count,
        Calibrator.SpansOf(model.Layers.Count, settings.MaxWindow, settings.Pairs), settings.SkipFirstToken, settings.States,
        settings.Cosines);

    /// <summary>The batches of samples, measured one after the other as they are asked for.</summary>
    /// <param name="samples">The samples, whole.</param>
    /// <param name="skipped">Where those are counted that the samples leave out.</param>
    /// <param name="cancellation">Ends before a batch.</param>
    public IEnumerable<MeasuredBatch> Measure(IEnumerable<LoadedSample> samples, SkipCounts skipped, CancellationToken cancellation)
    {
        foreach (var batch in CalibrationBatch.Of(samples, skipped, settings.BatchTokens, blockOf))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return batch.Measured(Measure([.. batch.Samples.Select(sample => sample.Encoded)]));
        }
    }

    /// <summary>The sums of each sample of a batch.</summary>
    public SampleSums[] Measure(IReadOnlyList<EncodedSample> samples)
    {
        var parts = SideBySide.Halves(samples, sample => sample.Length, model.Parts);
        var sums = new SampleSums[parts.Length][];
        SideBySide.Run(parts.Length, turn =>
        {
            using var packed = Batch.Pack(parts[turn.Index], model.Device);
            sums[turn.Index] = _meter.Measure(model, packed);
        });
        model.CheckUnchanged();
        return [.. sums.SelectMany(part => part)];
    }
}
