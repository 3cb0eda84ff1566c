namespace Interlace.Data;

/// <summary>A drawn row.</summary>
/// <param name="Set">Index of the set in <see cref="DataSource.Sets"/>.</param>
/// <param name="Shard">Index of the shard in its set.</param>
/// <param name="Row">0-based row of the shard.</param>
/// <param name="Rank">0-based place in its set's draw; the rows of a smaller rate or of the calibration come first.</param>
public readonly record struct RowReference(int Set, int Shard, long Row, int Rank);
