using Interlace.Vlm.Text.Tokenizing.Decoding;

namespace Interlace.Vlm.Text;

/// <summary>
/// Decodes tokens one by one, as a generation yields them. A character whose bytes lie in several tokens appears with the last of them,
/// a run of tokens that are single bytes when it ends; the pieces together are the text that <see cref="Tokenizer.Decode"/> gives.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipsSpecial;
    private readonly DecodedText _text = new();
    private readonly IDecodingStep _steps;

    /// <summary>For one answer.</summary>
    public StreamingDecoder(Tokenizer tokenizer, bool skipSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_tokenizer, _skipsSpecial) = (tokenizer, skipSpecial);
        _steps = tokenizer.StartDecoding(_text);
    }

    /// <summary>The text that the token completes; empty where it completes none.</summary>
    public string Append(int id)
    {
        if (_tokenizer.Token(id, _skipsSpecial) is { } token) _steps.Add(token, begins: true);
        return _text.Take();
    }

    /// <summary>What is left of an unfinished character (U+FFFD) or run of bytes, after the last token.</summary>
    public string Flush()
    {
        _steps.End();
        return _text.Take();
    }
}
