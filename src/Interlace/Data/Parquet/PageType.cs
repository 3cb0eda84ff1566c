namespace Interlace.Data.Parquet;

/// <summary>What a page holds, as Parquet numbers it.</summary>
internal enum PageType { Data, Index, Dictionary, DataV2 }
