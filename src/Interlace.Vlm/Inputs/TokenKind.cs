namespace Interlace.Vlm.Inputs;

/// <summary>
/// What a token of a sample is: a visual token; text that is read; text of an answer (its closing token included), which is trained;
/// or a mark that the processor puts around an image's tokens or between its tiles, which is read and never trained.
/// </summary>
public enum TokenKind : byte
{
    /// <summary>A visual token.</summary>
    Image,

    /// <summary>Text that is read.</summary>
    Prompt,

    /// <summary>Text of an answer, its closing token included.</summary>
    Answer,

    /// <summary>A mark around the tokens of an image or between its tiles.</summary>
    Mark,
}
