namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>What becomes of the matches of a pattern that text is cut at.</summary>
internal enum SplitBehavior
{
    /// <summary>Each is a piece of its own.</summary>
    Isolated,

    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Neighbouring ones are one piece.</summary>
    Contiguous,

    /// <summary>Each ends the piece before it; one that follows another match stands alone.</summary>
    MergedWithPrevious,

    /// <summary>Each begins the piece after it; one that another match follows stands alone.</summary>
    MergedWithNext,
}
