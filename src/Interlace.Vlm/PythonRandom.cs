namespace Interlace.Vlm;

/// <summary>
/// The random generator of CPython's module <c>random</c>, for draws that others have published as a seed:
/// the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded as <c>random.seed(int)</c> does,
/// and what <c>sample</c> and <c>shuffle</c> make of it (CPython 3.2 and later).
/// </summary>
public sealed class PythonRandom
{
    private const int Length = 624, Middle = 397;
    private readonly uint[] _state = new uint[Length];
    private int _next = Length;

    /// <summary>A generator in the state of <c>random.seed(seed)</c>; Python seeds with the number's amount, without its sign.</summary>
    public PythonRandom(long seed)
    {
        ulong amount = seed < 0 ? unchecked(0 - (ulong)seed) : (ulong)seed;
        SeedBy(amount >> 32 == 0 ? [(uint)amount] : [(uint)amount, (uint)(amount >> 32)]);
    }

    /// <summary>32 random bits.</summary>
    public uint Next()
    {
        if (_next == Length) Renew();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    /// <summary>
    /// A number in 0..bound-1, as <c>randrange(bound)</c> gives it: as many bits as the bound has, again while they are too large.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is below 1.</exception>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        int bits = 32 - int.LeadingZeroCount(bound);
        uint value;
        do value = Next() >> (32 - bits); while (value >= bound);
        return (int)value;
    }

    /// <summary>
    /// <c>sample(range(population), count)</c>: different numbers from 0 to <paramref name="population"/> - 1, in the order of the draw.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 0 or above the population.</exception>
    public int[] Sample(int population, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, population);
        return population <= LargestPool(count) ? FromPool(population, count) : FromSet(population, count);
    }

    /// <summary>Shuffles in place, as <c>shuffle</c> does.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>
    /// Up to this population Python draws from a list, beyond it from a set of what is drawn: whichever takes less memory.
    /// </summary>
    private static long LargestPool(int count)
    {
        if (count <= 5) return 21;
        long power = 1;
        while (power < 3L * count) power *= 4;
        return 21 + power;
    }

    /// <summary>What is drawn gives its place to the last of those that are left.</summary>
    private int[] FromPool(int population, int count)
    {
        int[] pool = [.. Enumerable.Range(0, population)];
        var drawn = new int[count];
        for (int i = 0; i < count; i++)
        {
            int j = Next(population - i);
            drawn[i] = pool[j];
            pool[j] = pool[population - i - 1];
        }
        return drawn;
    }

    /// <summary>What was drawn before is drawn again.</summary>
    private int[] FromSet(int population, int count)
    {
        HashSet<int> seen = [];
        var drawn = new int[count];
        for (int i = 0; i < count; i++)
        {
            do drawn[i] = Next(population); while (!seen.Add(drawn[i]));
        }
        return drawn;
    }

    /// <summary>The generator's own <c>init_by_array</c>.</summary>
    private void SeedBy(uint[] key)
    {
        _state[0] = 19_650_218;
        for (int i = 1; i < Length; i++) _state[i] = unchecked(1_812_433_253 * Folded(i - 1) + (uint)i);
        int at = 1;
        for (int k = 0; k < Length; k++)
        {
            _state[at] = unchecked((_state[at] ^ (Folded(at - 1) * 1_664_525)) + key[k % key.Length] + (uint)(k % key.Length));
            at = After(at);
        }
        for (int k = 0; k < Length - 1; k++)
        {
            _state[at] = unchecked((_state[at] ^ (Folded(at - 1) * 1_566_083_941)) - (uint)at);
            at = After(at);
        }
        _state[0] = 0x80000000;
    }

    private uint Folded(int i) => _state[i] ^ (_state[i] >> 30);

    private int After(int at)
    {
        if (++at < Length) return at;
        _state[0] = _state[Length - 1];
        return 1;
    }

    /// <summary>The next 624 numbers.</summary>
    private void Renew()
    {
        for (int i = 0; i < Length; i++)
        {
            uint joined = (_state[i] & 0x80000000) | (_state[(i + 1) % Length] & 0x7FFFFFFF);
            _state[i] = _state[(i + Middle) % Length] ^ (joined >> 1) ^ ((joined & 1) == 0 ? 0 : 0x9908B0DF);
        }
        _next = 0;
    }
}
