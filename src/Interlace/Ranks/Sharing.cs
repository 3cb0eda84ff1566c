namespace Interlace.Ranks;

/// <summary>Work of known sizes shared out, the same on every rank.</summary>
public static class Sharing
{
    /// <summary>
    /// The longest first, each to the rank that has least so far, the first of equals (Graham 1969): no rank gets more than 4/3 of what the
    /// best sharing would give it.
    /// </summary>
    /// <param name="sizes">What each piece costs.</param>
    /// <param name="ranks">Ranks.</param>
    /// <returns>[sizes] the rank of each piece.</returns>
    public static int[] Out(IReadOnlyList<long> sizes, int ranks)
    {
        int[] owners = new int[sizes.Count];
        long[] load = new long[ranks];
        foreach (int piece in Enumerable.Range(0, sizes.Count).OrderByDescending(i => sizes[i]))
        {
            owners[piece] = Array.IndexOf(load, load.Min());
            load[owners[piece]] += sizes[piece];
        }
        return owners;
    }
}
