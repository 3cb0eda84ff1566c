namespace Interlace.Pruning.Losses;

/// <summary>One pass over a batch.</summary>
/// <param name="Batch">Its 0-based number.</param>
/// <param name="Without">The layer that is left out; null for none.</param>
internal readonly record struct LossPass(int Batch, int? Without = null);
