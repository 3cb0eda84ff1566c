namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>Makes one text of all tokens.</summary>
internal sealed class FuseStep(IDecodingStep next) : IDecodingStep
{
    private bool _began;

    public void Add(string text, bool begins)
    {
        next.Add(text, begins: !_began);
        _began = true;
    }

    public void End() => next.End();
}
