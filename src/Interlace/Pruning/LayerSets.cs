namespace Interlace.Pruning;

/// <summary>Sets of layers, each of them ascending, in one order: few layers first, then by the layers from the first on.</summary>
internal sealed class LayerSets : IComparer<int[]>
{
    /// <summary>The order.</summary>
    public static LayerSets InOrder { get; } = new();

    /// <inheritdoc/>
    public int Compare(int[]? one, int[]? other) =>
        (one!.Length, other!.Length) is var (a, b) && a != b ? a.CompareTo(b) : one.AsSpan().SequenceCompareTo(other);
}
