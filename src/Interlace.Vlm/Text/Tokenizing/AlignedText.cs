using System.Text;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// A stretch of a text as the steps of a tokenizer change it. Each of its characters (UTF-16 units) knows
/// which characters of the whole text it stands for; an inserted one stands for those of its neighbour.
/// </summary>
internal sealed class AlignedText
{
    private readonly int _start;              // in the whole text, as long as nothing has been changed
    private readonly TextSpan[]? _origins;    // afterwards
    private CodePoints? _points;

    private AlignedText(string text, int start, TextSpan[]? origins) => (Text, _start, _origins) = (text, start, origins);

    public string Text { get; }

    /// <summary>The same text in one character a code point.</summary>
    public CodePoints Points => _points ??= new CodePoints(Text);

    /// <summary>A whole text, yet unchanged.</summary>
    public static AlignedText Of(string text) => new(text, 0, null);

    /// <summary>Part of a text, yet unchanged.</summary>
    public static AlignedText Of(string text, TextSpan span) => new(text[span.Start..span.End], span.Start, null);

    /// <summary>What characters of this text, one at least, stand for in the whole text.</summary>
    public TextSpan Origin(int start, int end) =>
        _origins is null ? new(_start + start, _start + end) : new(_origins[start].Start, _origins[end - 1].End);

    public AlignedText Slice(TextSpan span)
    {
        if (span.Start == 0 && span.End == Text.Length) return this;
        return new(Text[span.Start..span.End], _start + span.Start, _origins?[span.Start..span.End]);
    }

    /// <summary>The text with every <paramref name="pattern"/>, from the left, replaced.</summary>
    public AlignedText Replace(string pattern, string content)
    {
        if (!Text.Contains(pattern, StringComparison.Ordinal)) return this;
        var changed = new Builder(this);
        int at = 0;
        for (int next; (next = Text.IndexOf(pattern, at, StringComparison.Ordinal)) >= 0; at = next + pattern.Length)
        {
            changed.Keep(at, next);
            changed.Insert(content, Origin(next, next + pattern.Length));
        }
        changed.Keep(at, Text.Length);
        return changed.Build();
    }

    /// <summary>Puts a changed text together.</summary>
    public sealed class Builder(AlignedText source)
    {
        private readonly StringBuilder _text = new(source.Text.Length + 1);
        private readonly List<TextSpan> _origins = new(source.Text.Length + 1);

        public int Length => _text.Length;

        /// <summary>Characters of the source, as they are.</summary>
        public void Keep(int start, int end)
        {
            _text.Append(source.Text, start, end - start);
            for (int i = start; i < end; i++) _origins.Add(source.Origin(i, i + 1));
        }

        /// <summary>Other characters, which all stand for the same ones of the whole text.</summary>
        public void Insert(string text, TextSpan origin)
        {
            _text.Append(text);
            for (int i = 0; i < text.Length; i++) _origins.Add(origin);
        }

        public AlignedText Build() => new(_text.ToString(), 0, [.. _origins]);
    }
}
