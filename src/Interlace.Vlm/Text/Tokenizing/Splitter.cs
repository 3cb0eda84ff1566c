using System.Text.RegularExpressions;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// Cuts pieces at a pattern. With <paramref name="invert"/> what the pattern does not match counts as the matches.
/// </summary>
internal sealed class Splitter(Regex pattern, SplitBehavior behavior, bool invert = false)
{
    public Pieces Apply(Pieces pieces)
    {
        List<TextSpan> cut = new(pieces.Spans.Count);
        CodePoints points = pieces.Text.Points;
        foreach (TextSpan piece in pieces.Spans) Cut(points, points.Narrow(piece), cut);
        return pieces with { Spans = cut };
    }

    private void Cut(CodePoints points, TextSpan piece, List<TextSpan> cut)
    {
        int at = piece.Start;
        bool? last = null;   // whether the piece before is one of the matches
        foreach (ValueMatch match in pattern.EnumerateMatches(points.Text.AsSpan(piece.Start, piece.End - piece.Start)))
        {
            int start = piece.Start + match.Index;
            if (start > at) Add(at, start, invert);
            at = start + match.Length;
            if (match.Length > 0) Add(start, at, !invert);
            else last = null;   // a match of nothing still parts what is left and right of it
        }
        if (at < piece.End) Add(at, piece.End, invert);

        void Add(int start, int end, bool matches)
        {
            bool joins = last is { } before && behavior switch
            {
                SplitBehavior.Contiguous => before == matches,
                SplitBehavior.MergedWithPrevious => matches && !before,
                SplitBehavior.MergedWithNext => !matches && before,
                _ => false,
            };
            last = matches;
            TextSpan span = points.Widen(new(start, end));
            if (joins) cut[^1] = cut[^1] with { End = span.End };
            else if (behavior != SplitBehavior.Removed || !matches) cut.Add(span);
        }
    }
}
