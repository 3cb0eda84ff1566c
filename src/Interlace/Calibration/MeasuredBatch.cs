using Interlace.Data;

namespace Interlace.Calibration;

/// <summary>What came of a batch of samples.</summary>
/// <param name="Sums">Of each sample, in order.</param>
/// <param name="Next">Index of the sample after the last one.</param>
/// <param name="Skipped">What had been left out when the last one came.</param>
/// <param name="EndedBlock">The block that ends with it, where another one follows; else null.</param>
internal sealed record MeasuredBatch(SampleSums[] Sums, long Next, SkipCounts Skipped, int? EndedBlock = null);
