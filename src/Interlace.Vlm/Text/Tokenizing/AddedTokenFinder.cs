using System.Buffers;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// Finds added tokens in a text by what stands there for them: the leftmost first, of several that start together the longest.
/// They are kept as a tree of characters, so that thousands of tokens that begin alike cost no more than one.
/// </summary>
internal sealed class AddedTokenFinder
{
    private const int Root = 0;

    private readonly Dictionary<(int Node, char Next), int> _nodes = [];
    private readonly Dictionary<int, AddedToken> _ends = [];
    private readonly SearchValues<char> _firsts;

    public AddedTokenFinder(IEnumerable<(string Written, AddedToken Token)> tokens)
    {
        foreach (var (written, token) in tokens)
            if (written.Length > 0) _ends.TryAdd(Leaf(written), token);
        _firsts = SearchValues.Create([.. _nodes.Keys.Where(key => key.Node == Root).Select(key => key.Next)]);
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
            if (At(text, at, out int end) is not { } found)
            {
                from = at + 1;
                continue;
            }
            if (at > start) yield return (new(start, at), null);
            start = from = end;
            yield return (new(at, end), found);
        }
        if (start < text.Length) yield return (new(start, text.Length), null);
    }

    /// <summary>The longest token that begins at a place.</summary>
    private AddedToken? At(string text, int at, out int end)
    {
        AddedToken? longest = null;
        end = at;
        int node = Root;
        for (int i = at; i < text.Length && _nodes.TryGetValue((node, text[i]), out node); i++)
            if (_ends.TryGetValue(node, out AddedToken? token)) (longest, end) = (token, i + 1);
        return longest;
    }

    private int Leaf(string written)
    {
        int node = Root;
        foreach (char next in written)
        {
            if (!_nodes.TryGetValue((node, next), out int child)) _nodes[(node, next)] = child = _nodes.Count + 1;
            node = child;
        }
        return node;
    }
}
