namespace Interlace.Vlm.Inputs;

/// <summary>Positions 0, 1, 2, ... along one axis, visual tokens like others.</summary>
internal sealed class SequentialPositions : IPositions
{
    public (IReadOnlyList<int[]> Positions, int Next) Of(TokenKind[] kinds, IReadOnlyList<VisualInput> images) =>
        ([[.. Enumerable.Range(0, kinds.Length)]], kinds.Length);
}
