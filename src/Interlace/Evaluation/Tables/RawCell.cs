namespace Interlace.Evaluation.Tables;

/// <summary>A cell as it stands in the file: its first bytes without quoting, and where all of it stands with its quotes.</summary>
/// <param name="Value">The unquoted bytes; only the first <see cref="TsvReader.LongCell"/> of them
/// where the cell <see cref="IsLong"/>.</param>
/// <param name="IsLong">Whether <paramref name="Value"/> was cut.</param>
/// <param name="Offset">First byte in the file, the opening quote included.</param>
/// <param name="Length">Bytes in the file, quotes included.</param>
internal readonly record struct RawCell(byte[] Value, bool IsLong, long Offset, long Length);
