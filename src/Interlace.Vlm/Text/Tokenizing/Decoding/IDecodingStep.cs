namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>
/// A step from tokens to text. It is given texts in order and passes on what is certain, so that decoding can be followed token by token;
/// it holds the state of one decoding and is used for one.
/// </summary>
internal interface IDecodingStep
{
    /// <summary>A token's text or, where <paramref name="begins"/> is false, more of the one before.</summary>
    void Add(string text, bool begins);

    /// <summary>No more follows.</summary>
    void End();
}
