namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>Makes spaces of a Metaspace's signs; those of the first token disappear unless the scheme puts none before a text.</summary>
internal sealed class MetaspaceStep(IDecodingStep next, Metaspace metaspace) : IDecodingStep
{
    private bool _began;

    public void Add(string text, bool begins)
    {
        string space = _began || metaspace.Scheme == PrependScheme.Never ? " " : "";
        next.Add(text.Replace($"{metaspace.Replacement}", space, StringComparison.Ordinal), begins);
        _began = true;
    }

    public void End() => next.End();
}
