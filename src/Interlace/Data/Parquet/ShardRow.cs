using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>A drawn row as it stands in the file, or the reason why it is left out (then without images).</summary>
/// <param name="Row">0-based in the file.</param>
/// <param name="Skip">The reason.</param>
/// <param name="Questions">What the user says, turn by turn.</param>
/// <param name="Answers">What is answered.</param>
/// <param name="Images">The encoded images.</param>
/// <param name="Fails">Whether the authors' preparation fails at it.</param>
internal sealed record ShardRow(long Row, string? Skip, IReadOnlyList<byte[]?> Questions, IReadOnlyList<byte[]?> Answers,
    IReadOnlyList<byte[]> Images, bool Fails);
