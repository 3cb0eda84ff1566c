using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Decoder;

/// <summary>Which keys the tokens of packed sequences see: each one range of its own sequence.</summary>
/// <param name="First">[N] the first key that a token sees, counted in its sequence.</param>
/// <param name="Last">[N] the last one.</param>
internal sealed record KeyRanges(int[] First, int[] Last)
{
    /// <summary>The ranges of a batch; null where every token sees itself and what stands before it.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="window">Keys that a token sees of those up to itself; all where absent.</param>
    /// <param name="imagesWhole">Whether the visual tokens that stand together see those behind them too.</param>
    public static KeyRanges? Of(Batch batch, int? window, bool imagesWhole)
    {
        if (window is null && !imagesWhole) return null;
        int[] first = new int[batch.TokenCount], last = new int[batch.TokenCount];
        bool isCausal = true;
        int start = 0;
        foreach (int length in batch.Lengths)
        {
            for (int t = length - 1; t >= 0; t--)
            {
                bool Visual(int token) => token < length && batch.Kinds[start + token] == TokenKind.Image;
                first[start + t] = window is { } seen ? Math.Max(0, t - seen + 1) : 0;
                last[start + t] = imagesWhole && Visual(t) && Visual(t + 1) ? last[start + t + 1] : t;
                isCausal &= first[start + t] == 0 && last[start + t] == t;
            }
            start += length;
        }
        return isCausal ? null : new(first, last);
    }
}
