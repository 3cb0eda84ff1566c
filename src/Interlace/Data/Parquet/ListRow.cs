using ParquetSharp;
using ParquetSharp.Schema;

namespace Interlace.Data.Parquet;

/// <summary>What one row holds in a column of lists, a null list being an empty one.</summary>
/// <param name="Slots">Where it stands.</param>
/// <param name="Count">Its number of values.</param>
/// <param name="Values">Those that were asked for; empty ones in place of those beyond the bytes.</param>
/// <param name="Bytes">What these values take, those left out included.</param>
internal sealed record ListRow(LevelRange Slots, int Count, IReadOnlyList<byte[]?> Values, long Bytes);
