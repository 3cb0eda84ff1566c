using System.Text;

namespace Interlace.Vlm.Text;

/// <summary>
/// Decodes tokens one by one, as a generation yields them. A character whose bytes lie in several tokens appears with the last of them;
/// the pieces together are the text that <see cref="Tokenizer.Decode"/> gives.
/// </summary>
public sealed class StreamingDecoder(Tokenizer tokenizer, bool skipSpecial = true)
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    /// <summary>The text that the token completes; empty where it completes none.</summary>
    public string Append(int id) => Decode(tokenizer.Bytes(id, skipSpecial), flush: false);

    /// <summary>What is left of an unfinished character (U+FFFD), after the last token.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> chars = stackalloc char[128];
        if (bytes.Length + 4 > chars.Length) chars = new char[bytes.Length + 4];
        return new string(chars[.._utf8.GetChars(bytes, chars, flush)]);
    }
}
