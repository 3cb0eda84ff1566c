using Interlace.Vlm;

namespace Interlace.Calibration;

/// <summary>Mean similarities in which every sample counts the same, however long it is: the mean of the samples' means
/// (the authors' released code; the paper's Eq. 1 takes the mean over tokens).</summary>
internal static class SampleMeans
{
    /// <summary>[L - span + 1] means of the spans of one length, over the samples that have tokens of the class.</summary>
    /// <param name="samples">Sums of each sample.</param>
    /// <param name="span">Layers of a span.</param>
    /// <param name="tokens">all, image, prompt or answer.</param>
    /// <exception cref="InputException">That length was not measured, or no sample has such a token.</exception>
    public static double[] Of(IReadOnlyList<SampleSums> samples, int span, string tokens)
    {
        int[] classes = [.. LayerSimilarity.Classes.Index().Where(c => tokens == "all" || c.Item == tokens).Select(c => c.Index)];
        SampleSums[] counted = [.. samples.Where(sample => classes.Any(c => sample.Counts[c] > 0))];
        if (counted.Length == 0) throw new InputException($"The calibration saw no {tokens} tokens; choose another class.");
        if (!counted[0].Spans.TryGetValue(span, out var measured)) throw NotMeasured(span);
        double Mean(SampleSums sample, int start) =>
            classes.Sum(c => sample.Spans[span].Sums[start * SimilarityMeter.Classes + c]) / classes.Sum(c => sample.Counts[c]);
        return [.. Enumerable.Range(0, measured.Last.Length).Select(start => counted.Average(sample => Mean(sample, start)))];
    }

    /// <summary>The refusal of spans that were not measured; it says how to.</summary>
    internal static InputException NotMeasured(int span) => new($"Spans of {span} layers were not measured: calibrate again with --set "
        + (span == 2 ? "calibrate.pairs=true." : $"calibrate.max_window={span}."));
}
