using System.Buffers;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// Finds added tokens in a text by what stands there for them: the leftmost first, of several that start together the longest.
/// </summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<char, int[]> _lengths;   // of the tokens that begin with a character, longest first
    private readonly SearchValues<char> _firsts;

    public AddedTokenFinder(IEnumerable<(string Written, AddedToken Token)> tokens)
    {
        foreach (var (written, token) in tokens)
            if (written.Length > 0) _tokens.TryAdd(written, token);
        _lookup = _tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = _tokens.Keys.GroupBy(written => written[0])
            .ToDictionary(group => group.Key, group => group.Select(written => written.Length).Distinct().OrderDescending().ToArray());
        _firsts = SearchValues.Create([.. _lengths.Keys]);
    }

    /// <summary>
    /// The text cut at its added tokens: ranges that cover it in order, each with its token or with null for the text between.
    /// </summary>
    public IEnumerable<(TextSpan Span, AddedToken? Token)> Cut(string text)
    {
        int start = 0, from = 0;
        while (from < text.Length && text.AsSpan(from).IndexOfAny(_firsts) is >= 0 and int skip)
        {
            int at = from + skip;
            if (At(text, at, out int length) is not { } found)
            {
                from = at + 1;
                continue;
            }
            if (at > start) yield return (new(start, at), null);
            start = from = at + length;
            yield return (new(at, start), found);
        }
        if (start < text.Length) yield return (new(start, text.Length), null);
    }

    private AddedToken? At(string text, int at, out int length)
    {
        ReadOnlySpan<char> rest = text.AsSpan(at);
        foreach (int candidate in _lengths[text[at]])
            if (candidate <= rest.Length && _lookup.TryGetValue(rest[..candidate], out AddedToken? token))
            {
                length = candidate;
                return token;
            }
        length = 0;
        return null;
    }
}
