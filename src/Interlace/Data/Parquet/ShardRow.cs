using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>A drawn row as it stands in the file, or the reason why it is left out (then without images).</summary>
internal sealed record ShardRow(long Row, string? Skip, IReadOnlyList<byte[]?> Questions, IReadOnlyList<byte[]?> Answers,
    IReadOnlyList<byte[]> Images);
