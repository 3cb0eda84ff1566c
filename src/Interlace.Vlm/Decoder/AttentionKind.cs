namespace Interlace.Vlm.Decoder;

/// <summary>What a decoder layer's tokens see: everything before them, or a window of it. The two may turn positions differently.</summary>
public enum AttentionKind
{
    /// <summary>Everything before them.</summary>
    Full,

    /// <summary>The last tokens before them, as many as the window has.</summary>
    Sliding,
}
