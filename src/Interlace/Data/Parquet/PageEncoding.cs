namespace Interlace.Data.Parquet;

/// <summary>How a page's values are stored, as Parquet numbers it; those that matter here.</summary>
internal enum PageEncoding { Plain = 0, DeltaByteArray = 7 }
