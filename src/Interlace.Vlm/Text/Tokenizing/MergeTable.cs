using System.Text.Json;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>The pairs of tokens that join, in the order in which they do.</summary>
internal sealed class MergeTable
{
    private readonly Dictionary<long, Merge> _merges;

    /// <summary>Reads merges, written "a b" or as pairs ["a", "b"]. Of two that join the same pair the later counts.</summary>
    public MergeTable(JsonElement merges, Dictionary<string, int> vocabulary)
    {
        _merges = new(merges.GetArrayLength());
        int rank = 0;
        foreach (JsonElement merge in merges.EnumerateArray())
        {
            var (left, right) = Pair(merge);
            _merges[Key(Known(left), Known(right))] = new(rank++, Known(left + right));
        }

        int Known(string token) => vocabulary.TryGetValue(token, out int id)
            ? id : throw new FormatException($"a merge needs the token {Printable.Quote(token)}, which the vocabulary has not.");
    }

    /// <summary>What two neighbours become, and how soon: the lowest rank first. Null where they do not join.</summary>
    public Merge? Find(int left, int right) => _merges.TryGetValue(Key(left, right), out Merge merge) ? merge : null;

    /// <summary>
    /// One number a pair, multiplied by an odd one (which keeps them apart) because the hash of a long is its halves' exclusive or:
    /// thousands of pairs of ids would share one.
    /// </summary>
    private static long Key(int left, int right) => unchecked(((long)left << 32 | (uint)right) * (long)0x9E3779B97F4A7C15);

    private static (string Left, string Right) Pair(JsonElement merge) => merge switch
    {
        { ValueKind: JsonValueKind.String } when merge.GetString()!.Split(' ') is [var left, var right] => (left, right),
        { ValueKind: JsonValueKind.Array } when merge.GetArrayLength() == 2 => (merge[0].GetString()!, merge[1].GetString()!),
        _ => throw new FormatException("a merge is no pair of tokens."),
    };

    /// <summary>The place in the list of merges, and the token that the pair becomes.</summary>
    public readonly record struct Merge(int Rank, int Id);
}
