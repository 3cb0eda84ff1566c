using Interlace.Data;

namespace Interlace.Calibration;

/// <summary>When a calibration may end before its data does.</summary>
/// <param name="BlockOf">The block of a sample. Samples come block by block;
/// a block as a whole is a fair draw, a part of it need not be.</param>
/// <param name="Enough">Asked after each block but the last, in order, with the sums of all samples so far:
/// whether they are enough.</param>
public sealed record EarlyStop(Func<LoadedSample, int> BlockOf, Func<IReadOnlyList<SampleSums>, bool> Enough);
