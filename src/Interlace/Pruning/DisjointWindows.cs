namespace Interlace.Pruning;

/// <summary>
/// Picking disjoint windows of neighbouring layers (triplets, pairs) in the order of a ranking, without painting oneself into a corner.
/// </summary>
internal static class DisjointWindows
{
    /// <summary>The largest number of disjoint windows of <paramref name="width"/> layers within layers
    /// 0..<paramref name="layerCount"/>-1 that begin at one of <paramref name="starts"/>.</summary>
    public static int Capacity(int layerCount, int width, IEnumerable<int> starts) => Room(new bool[layerCount], width, [.. starts]);

    /// <summary>
    /// Takes the starts of <paramref name="ranking"/> in turn:
    /// each whose window is free, unless taking it would leave too little room for the picks that remain.
    /// Windows are packed from the left to see how many fit. Where plain greedy picking (without the guard) reaches
    /// <paramref name="count"/>, the picks are the same: its later picks prove the room. Otherwise exactly <paramref name="count"/> are
    /// found wherever they exist.
    /// </summary>
    /// <param name="layerCount">Number of layers.</param>
    /// <param name="width">Layers of a window.</param>
    /// <param name="count">Windows to pick; at most <see cref="Capacity"/>.</param>
    /// <param name="ranking">Every layer at which a window may start, best first.</param>
    /// <returns>The starts picked, in the order of picking.</returns>
    public static List<int> Greedy(int layerCount, int width, int count, IReadOnlyList<int> ranking)
    {
        HashSet<int> starts = [.. ranking];
        return Pick(layerCount, width, count, ranking, (assigned, left) => Room(assigned, width, starts) >= left);
    }

    /// <summary>
    /// Takes the starts of a ranking in turn, each whose window is free, without a look ahead:
    /// perhaps fewer than <paramref name="count"/>.
    /// </summary>
    public static List<int> Plain(int layerCount, int width, int count, IEnumerable<int> ranking) =>
        Pick(layerCount, width, count, ranking, (_, _) => true);

    /// <param name="suits">Whether a pick may stay: the layers that would be assigned, and the picks that would be left.</param>
    private static List<int> Pick(int layerCount, int width, int count, IEnumerable<int> ranking, Func<bool[], int, bool> suits)
    {
        var picked = new List<int>(count);
        var assigned = new bool[layerCount];
        foreach (int start in ranking)
        {
            if (picked.Count == count) break;
            var window = assigned.AsSpan(start, width);
            if (window.Contains(true)) continue;
            window.Fill(true);
            if (suits(assigned, count - picked.Count - 1)) picked.Add(start);
            else window.Clear();
        }
        return picked;
    }

    /// <summary>How many more windows fit: of windows of one width, taking the leftmost first leaves the most room.</summary>
    private static int Room(bool[] assigned, int width, HashSet<int> starts)
    {
        int room = 0;
        for (int start = 0; start + width <= assigned.Length;)
        {
            bool fits = starts.Contains(start) && !assigned.AsSpan(start, width).Contains(true);
            room += fits ? 1 : 0;
            start += fits ? width : 1;
        }
        return room;
    }
}
