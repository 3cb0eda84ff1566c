namespace Interlace.Data;

/// <summary>The forms in which rows lie in files.</summary>
public enum DataFormat
{
    /// <summary>
    /// Found by looking: Parquet files where there are any, else JSON files, whose rows say by their list which form they have.
    /// </summary>
    Auto,

    /// <summary>Parquet files in FineVision's schema.</summary>
    FineVision,

    /// <summary>JSON rows with <c>conversations</c> of <c>from</c> and <c>value</c>, and <c>image</c> or <c>images</c>.</summary>
    Conversations,

    /// <summary>JSON rows with <c>messages</c> of <c>role</c> and <c>content</c>.</summary>
    Messages,

    /// <summary>JSON rows with a plain <c>text</c>.</summary>
    Text,
}
