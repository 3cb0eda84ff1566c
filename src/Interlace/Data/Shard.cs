namespace Interlace.Data;

/// <summary>One file of a set.</summary>
/// <param name="Name">Its path inside the set, folders separated by <c>/</c>.</param>
/// <param name="Rows">Its rows: by the footer of a Parquet file, by counting those of a JSON file.</param>
/// <param name="Length">Bytes of the file when it was opened; it is not read once it has another size.</param>
/// <param name="SampleBytes">About how many bytes its samples take.</param>
/// <param name="Path">Where the file lies.</param>
public sealed record Shard(string Name, long Rows, long Length, long SampleBytes, string Path)
{
    /// <summary>SHA-256 of the file, where it was read whole to find its rows.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Reads it.</summary>
    internal IRowFile File { get; init; } = null!;
}
