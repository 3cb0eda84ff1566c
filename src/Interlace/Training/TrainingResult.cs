using Interlace.Data;

namespace Interlace.Training;

/// <summary>What a tuning ended with.</summary>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Samples">Samples seen.</param>
/// <param name="Skipped">Samples left out, by reason.</param>
/// <param name="PeakBytes">[ranks] the most memory that each rank's process has had; the leader alone is told.</param>
public sealed record TrainingResult(int Steps, long Samples, SkipCounts Skipped, IReadOnlyList<long> PeakBytes);
