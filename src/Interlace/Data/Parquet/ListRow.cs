using ParquetSharp;
using ParquetSharp.Schema;

namespace Interlace.Data.Parquet;

/// <summary>What one row holds in a column of lists.</summary>
/// <param name="Slots">Where it stands.</param>
/// <param name="Count">Its number of values.</param>
/// <param name="Values">Those that were asked for; empty ones in place of those beyond the bytes.</param>
/// <param name="Bytes">What these values take, those left out included.</param>
/// <param name="IsNull">Whether there is no list, which else is as an empty one.</param>
internal sealed record ListRow(LevelRange Slots, int Count, IReadOnlyList<byte[]?> Values, long Bytes, bool IsNull);
