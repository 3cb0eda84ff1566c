namespace Interlace.Data.Parquet;

/// <summary>A row as it stands in the file, before any filter.</summary>
/// <param name="Row">0-based in the file.</param>
/// <param name="Images">The encoded images.</param>
/// <param name="Paths">What the images are called; null where the file has no such column.</param>
/// <param name="Questions">What the user says.</param>
/// <param name="Answers">What is answered.</param>
internal sealed record WholeRow(long Row, ListRow Images, ListRow? Paths, ListRow Questions, ListRow Answers)
{
    /// <summary>Bytes of its values.</summary>
    public long Bytes => Images.Bytes + (Paths?.Bytes ?? 0) + Questions.Bytes + Answers.Bytes;
}
