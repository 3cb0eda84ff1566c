namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>Replaces a text wherever it stands within a token.</summary>
internal sealed class ReplaceStep(IDecodingStep next, string pattern, string content) : IDecodingStep
{
    public void Add(string text, bool begins) => next.Add(text.Replace(pattern, content, StringComparison.Ordinal), begins);

    public void End() => next.End();
}
