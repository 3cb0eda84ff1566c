namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>Puts a space between tokens: what the reference does where a file names no decoder.</summary>
internal sealed class SpacesStep(IDecodingStep next) : IDecodingStep
{
    private bool _began;

    public void Add(string text, bool begins)
    {
        next.Add(begins && _began ? " " + text : text, begins);
        _began = true;
    }

    public void End() => next.End();
}
