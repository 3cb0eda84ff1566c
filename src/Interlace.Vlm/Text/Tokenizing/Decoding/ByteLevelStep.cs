using System.Text;
using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>
/// Makes one text of tokens in the byte alphabet. A character whose bytes lie in several tokens arrives with the last of them;
/// bytes that are not UTF-8 give U+FFFD.
/// </summary>
internal sealed class ByteLevelStep(IDecodingStep next) : IDecodingStep
{
    private readonly System.Text.Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private bool _began;

    public void Add(string text, bool begins) => Pass(ByteAlphabet.Decode(text), flush: false);

    public void End()
    {
        Pass([], flush: true);
        next.End();
    }

    private void Pass(byte[] bytes, bool flush)
    {
        char[] chars = new char[bytes.Length + 4];
        int count = _utf8.GetChars(bytes, chars, flush);
        if (count == 0) return;
        next.Add(new string(chars, 0, count), begins: !_began);
        _began = true;
    }
}
