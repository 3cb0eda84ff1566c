using Interlace.Data;

namespace Interlace.Calibration;

/// <summary>Samples that are measured together.</summary>
/// <param name="Samples">At least one.</param>
/// <param name="Skipped">What had been left out when the last one came.</param>
/// <param name="EndedBlock">The block that ends with it, where another one follows; else null.</param>
internal sealed record CalibrationBatch(IReadOnlyList<LoadedSample> Samples, SkipCounts Skipped, int? EndedBlock)
{
    /// <summary>With its sums.</summary>
    public MeasuredBatch Measured(SampleSums[] sums) => new(sums, Samples[^1].Index + 1, Skipped, EndedBlock);

    /// <summary>
    /// Batches filled up to a budget of tokens and of one block,
    /// each with what had been left out when its last sample came (asking for the next sample may count more).
    /// </summary>
    /// <param name="samples">The samples, in order.</param>
    /// <param name="skipped">Where those are counted that they leave out.</param>
    /// <param name="batchTokens">The budget; a longer sample stands alone.</param>
    /// <param name="blockOf">The block of a sample; null where there is one block.</param>
    public static IEnumerable<CalibrationBatch> Of(IEnumerable<LoadedSample> samples, SkipCounts skipped, int batchTokens,
        Func<LoadedSample, int>? blockOf = null)
    {
        var batch = new List<LoadedSample>();
        long tokens = 0;
        var atLast = new SkipCounts();
        foreach (var sample in samples)
        {
            bool newBlock = batch.Count > 0 && blockOf is not null && blockOf(batch[^1]) != blockOf(sample);
            if (newBlock || batch.Count > 0 && tokens + sample.Encoded.Length > batchTokens)
            {
                yield return new(batch, atLast, newBlock ? blockOf!(batch[^1]) : null);
                (batch, tokens) = ([], 0);
            }
            batch.Add(sample);
            tokens += sample.Encoded.Length;
            atLast = new SkipCounts(skipped);
        }
        if (batch.Count > 0) yield return new(batch, atLast, null);
    }
}
