using ParquetSharp;
using ParquetSharp.Schema;

namespace Interlace.Data.Parquet;

/// <summary>How much of a row is copied: its first values, as long as they are not too long together.</summary>
internal readonly record struct ListLimits(long Values, long Bytes);
