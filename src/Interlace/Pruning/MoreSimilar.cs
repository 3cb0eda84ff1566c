namespace Interlace.Pruning;

/// <summary>Which of two neighbouring layers is the more similar one, and so the one to drop.</summary>
internal static class MoreSimilar
{
    /// <summary>Whether it is the first, and why.</summary>
    public static (bool First, string Reason) OfTwo(IReadOnlyList<double> similarity, int start, Tie ties)
    {
        var (first, second) = (similarity[start], similarity[start + 1]);
        if (ties == Tie.Second)
            return first > second
                ? (true, Words(start, start + 1, "more", first, ">", second))
                : (false, Words(start, start + 1, "not more", first, "<=", second));
        return second > first
            ? (false, Words(start + 1, start, "more", second, ">", first))
            : (true, Words(start + 1, start, "not more", second, "<=", first));
    }

    private static string Words(int one, int other, string relation, double value, string sign, double otherValue) =>
        $"layer {one} is {relation} similar than layer {other} ({value:0.######} {sign} {otherValue:0.######})";
}
