using System.Buffers.Binary;

namespace Interlace.Data.Parquet;

/// <summary>A row group: its number of rows and its column chunks.</summary>
internal sealed record RowGroup(long Rows, IReadOnlyList<ColumnChunk> Columns)
{
    /// <summary>Values that one of its columns may claim to have.</summary>
    public long MostValues => ParquetFooter.FreeCount + Columns.Sum(column => column.Bytes.Length);
}
