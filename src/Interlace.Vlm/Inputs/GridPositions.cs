namespace Interlace.Vlm.Inputs;

/// <summary>
/// Positions along time, height and width (M-RoPE of the Qwen-VL models). A text token advances all three by one; an image stands at one
/// time, its tokens at their row and column, and the text goes on after the larger of the two.
/// </summary>
/// <param name="tokenSide">Pixels along a side of the square of a resized image that becomes one token.</param>
internal sealed class GridPositions(int tokenSide) : IPositions
{
    public (IReadOnlyList<int[]> Positions, int Next) Of(TokenKind[] kinds, IReadOnlyList<VisualInput> images)
    {
        int[] time = new int[kinds.Length], height = new int[kinds.Length], width = new int[kinds.Length];
        int next = 0, image = 0;
        for (int t = 0; t < kinds.Length;)
        {
            if (kinds[t] != TokenKind.Image)
            {
                (time[t], height[t], width[t]) = (next, next, next);
                next++;
                t++;
                continue;
            }
            var seen = images[image++].Tiles[0];
            (int rows, int columns) = (seen.Height / tokenSide, seen.Width / tokenSide);
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++, t++)
                    (time[t], height[t], width[t]) = (next, next + row, next + column);
            next += Math.Max(rows, columns);
        }
        return ([time, height, width], next);
    }
}
