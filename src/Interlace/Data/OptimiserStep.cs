namespace Interlace.Data;

/// <summary>The samples of one optimiser step in micro-batches.</summary>
/// <param name="MicroBatches">None empty.</param>
/// <param name="NextIndex">Index in the epoch of the first sample after this step's: where a run that stops here goes on.</param>
public sealed record OptimiserStep(IReadOnlyList<IReadOnlyList<LoadedSample>> MicroBatches, long NextIndex);
