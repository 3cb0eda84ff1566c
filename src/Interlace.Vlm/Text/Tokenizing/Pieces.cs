namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>A text and the pieces that it is cut into, in order and none of them empty. What lies between two of them is dropped.</summary>
internal readonly record struct Pieces(AlignedText Text, List<TextSpan> Spans)
{
    /// <summary>The whole text as one piece, or no piece where it is empty.</summary>
    public static Pieces Of(AlignedText text) => new(text, text.Text.Length == 0 ? [] : [new(0, text.Text.Length)]);

    /// <summary>The pieces with a text put before each that <paramref name="lacks"/> it (text, start of the piece).</summary>
    public Pieces Prepend(string prefix, Func<AlignedText, int, bool> lacks)
    {
        AlignedText text = Text;
        if (!Spans.Exists(span => lacks(text, span.Start))) return this;
        var changed = new AlignedText.Builder(text);
        List<TextSpan> spans = new(Spans.Count);
        foreach (TextSpan span in Spans)
        {
            int start = changed.Length;
            if (lacks(text, span.Start)) changed.Insert(prefix, text.Origin(span.Start, span.Start + 1));
            changed.Keep(span.Start, span.End);
            spans.Add(new(start, changed.Length));
        }
        return new(changed.Build(), spans);
    }
}
