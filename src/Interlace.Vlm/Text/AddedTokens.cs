using System.Buffers;
using System.Text.Json;

namespace Interlace.Vlm.Text;

/// <summary>A token that is recognised as a whole wherever it stands in a text. A special one is dropped from decoded text on request.</summary>
internal sealed record AddedToken(int Id, string Content, bool Special, bool Normalized)
{
    /// <summary>Reads an entry of the added_tokens section of a tokenizer.json.</summary>
    public static AddedToken Read(JsonElement entry, string source)
    {
        string content = entry.GetProperty("content").GetString()!;
        foreach (string flag in (string[])["single_word", "lstrip", "rstrip"])
            if (entry.TryGetProperty(flag, out JsonElement value) && value.GetBoolean()) throw new InputException($"{source}: the added token '{content}' has {flag} set, which is not supported.");
        return new(entry.GetProperty("id").GetInt32(), content, entry.GetProperty("special").GetBoolean(), entry.TryGetProperty("normalized", out JsonElement normalized) && normalized.GetBoolean());
    }
}

/// <summary>Finds added tokens in a text: the leftmost first, of several that start together the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<char, AddedToken[]> _byFirst;
    private readonly SearchValues<char> _firsts;

    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        _byFirst = tokens.Where(token => token.Content.Length > 0).GroupBy(token => token.Content[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());
        _firsts = SearchValues.Create([.. _byFirst.Keys]);
    }

    /// <summary>The text cut at its added tokens: ranges that cover it in order, each with its token or with null for the text between.</summary>
    public IEnumerable<(TextSpan Span, AddedToken? Token)> Cut(string text)
    {
        int start = 0, from = 0;
        while (from < text.Length && text.AsSpan(from).IndexOfAny(_firsts) is >= 0 and int skip)
        {
            int at = from + skip;
            if (_byFirst[text[at]].FirstOrDefault(token => text.AsSpan(at).StartsWith(token.Content, StringComparison.Ordinal)) is not { } found)
            {
                from = at + 1;
                continue;
            }
            if (at > start) yield return (new(start, at), null);
            start = from = at + found.Content.Length;
            yield return (new(at, start), found);
        }
        if (start < text.Length) yield return (new(start, text.Length), null);
    }
}
