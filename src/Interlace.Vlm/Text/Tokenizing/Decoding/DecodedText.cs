using System.Text;

namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>The end of the steps: the text.</summary>
internal sealed class DecodedText : IDecodingStep
{
    private readonly StringBuilder _text = new();

    public void Add(string text, bool begins) => _text.Append(text);

    public void End() { }

    /// <summary>What has arrived since the last time.</summary>
    public string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}
