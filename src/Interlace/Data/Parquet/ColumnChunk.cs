using System.Buffers.Binary;

namespace Interlace.Data.Parquet;

/// <summary>A column chunk: its dotted path in the schema, where its pages lie,
/// and how many values (nulls and empty lists included) it has.</summary>
internal sealed record ColumnChunk(string Path, ByteRange Bytes, long Values)
{
    /// <summary>Where its page index lies, which says what rows each page holds; empty where it has none.</summary>
    public ByteRange PageIndex { get; init; }
}
