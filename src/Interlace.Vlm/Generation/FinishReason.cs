namespace Interlace.Vlm.Generation;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended it.</summary>
    Stop,

    /// <summary>It had as many tokens as were allowed.</summary>
    Length,
}
