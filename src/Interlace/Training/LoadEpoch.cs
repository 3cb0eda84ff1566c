using Interlace.Data;

namespace Interlace.Training;

/// <summary>Gives the samples of an epoch.</summary>
/// <param name="epoch">Its 0-based number.</param>
/// <param name="next">Index of the first sample.</param>
/// <param name="skipped">Where those are counted that are left out.</param>
/// <param name="outlines">
/// Outlines come, the samples of these indices counted with their reasons as left out; whole samples where null.
/// </param>
public delegate IEnumerable<LoadedSample> LoadEpoch(int epoch, long next, SkipCounts skipped, IReadOnlyDictionary<long, string>? outlines);
