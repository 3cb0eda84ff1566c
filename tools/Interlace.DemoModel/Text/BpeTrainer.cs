using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.DemoModel.Text;

/// <summary>
/// Learns byte-pair merges (Sennrich, Haddow and Birch, 2016): the most frequent pair of neighbours becomes a token, again and again. Of equally frequent pairs the one of the older tokens comes first.
/// </summary>
public static class BpeTrainer
{
    private const int LeastCount = 2;

    /// <summary>Tokens in the order of their ids, the 256 bytes first, and the merges in theirs.</summary>
    /// <param name="pieces">Pieces of text that merges do not cross, and how often each occurs.</param>
    /// <param name="size">Tokens at most.</param>
    public static (IReadOnlyList<string> Tokens, IReadOnlyList<(string Left, string Right)> Merges) Train(IReadOnlyDictionary<string, int> pieces, int size)
    {
        List<string> tokens = [.. ByteAlphabet.Characters];
        var ids = tokens.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        var merges = new List<(string, string)>();
        var words = pieces.Select(piece => (Ids: ByteAlphabet.Encode(piece.Key).Select(c => ids[$"{c}"]).ToArray(), Count: piece.Value)).ToArray();
        while (tokens.Count < size)
        {
            var counts = new Dictionary<(int Left, int Right), long>();
            foreach (var (word, count) in words)
                for (int i = 1; i < word.Length; i++) counts[(word[i - 1], word[i])] = counts.GetValueOrDefault((word[i - 1], word[i])) + count;
            var best = counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key.Left).ThenBy(c => c.Key.Right).FirstOrDefault();
            if (best.Value < LeastCount) break;
            var (left, right) = best.Key;
            merges.Add((tokens[left], tokens[right]));
            if (!ids.TryGetValue(tokens[left] + tokens[right], out int merged))
            {
                merged = tokens.Count;
                tokens.Add(tokens[left] + tokens[right]);
                ids[tokens[merged]] = merged;
            }
            for (int w = 0; w < words.Length; w++) words[w].Ids = Merge(words[w].Ids, left, right, merged);
        }
        return (tokens, merges);
    }

    private static int[] Merge(int[] word, int left, int right, int merged)
    {
        bool found = false;
        for (int i = 1; i < word.Length && !found; i++) found = word[i - 1] == left && word[i] == right;
        if (!found) return word;
        var result = new List<int>(word.Length);
        for (int i = 0; i < word.Length; i++)
        {
            bool pair = i + 1 < word.Length && word[i] == left && word[i + 1] == right;
            result.Add(pair ? merged : word[i]);
            if (pair) i++;
        }
        return [.. result];
    }
}
