using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Generation;

/// <summary>
/// Which prompts the next pass reads: as many as there are places for in the cache, together within a bound of tokens. One prompt is always
/// read, whatever its length, where nothing else is in flight.
/// </summary>
/// <param name="cache">The cache.</param>
/// <param name="count">Conversations in flight.</param>
/// <param name="longest">Tokens of the longest of them; 0 where there are none.</param>
/// <param name="prefillTokens">Bound of tokens; a longer prompt stands alone.</param>
internal sealed class Room(KvCache cache, int count, int longest, int prefillTokens)
{
    private int _count = count, _longest = longest, _arrivals, _tokens;

    /// <summary>Tokens of the longest conversation, arrivals included.</summary>
    public int Longest => _longest;

    /// <summary>Takes a prompt of this length, or says that it has to wait.</summary>
    public bool Takes(int length)
    {
        bool fits = _count == 0 || _count < cache.SlotsFor(Math.Max(_longest, length) + 1);
        if (!fits || (_arrivals > 0 && _tokens + length > prefillTokens)) return false;
        _count++;
        _arrivals++;
        _tokens += length;
        _longest = Math.Max(_longest, length);
        return true;
    }
}
