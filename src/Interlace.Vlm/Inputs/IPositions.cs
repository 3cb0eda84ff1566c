namespace Interlace.Vlm.Inputs;

/// <summary>How a family numbers the tokens of a sample.</summary>
internal interface IPositions
{
    /// <summary>For each axis the position of every token, and the position of a token that would follow.</summary>
    /// <param name="kinds">[T] what each token is.</param>
    /// <param name="images">The images whose visual tokens they hold, in order.</param>
    (IReadOnlyList<int[]> Positions, int Next) Of(TokenKind[] kinds, IReadOnlyList<VisualInput> images);
}
