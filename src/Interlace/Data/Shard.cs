using ParquetSharp;

namespace Interlace.Data;

/// <summary>One Parquet file of a set.</summary>
/// <param name="Name">Its path inside the set, folders separated by <c>/</c>.</param>
/// <param name="Rows">Rows by its footer.</param>
/// <param name="Length">Bytes of the file when it was opened; it is not read once it has another size.</param>
/// <param name="SampleBytes">Bytes of the columns that make samples, as they are stored.</param>
/// <param name="Path">Where the file lies.</param>
public sealed record Shard(string Name, long Rows, long Length, long SampleBytes, string Path);
