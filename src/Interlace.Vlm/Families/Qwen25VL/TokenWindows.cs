namespace Interlace.Vlm.Families.Qwen25VL;

/// <summary>How the tokens of images fall into square windows; at the right and lower border these are cut.</summary>
/// <param name="Order">[V] the tokens, window by window: their numbers in the order of rows.</param>
/// <param name="Lengths">Tokens of each window, none of them empty.</param>
internal sealed record TokenWindows(long[] Order, int[] Lengths)
{
    /// <summary>The windows of images, each image's own, row by row; within a window tokens lie row by row.</summary>
    /// <param name="grids">Tokens along height and width of each image.</param>
    /// <param name="side">Tokens along a side of a window.</param>
    public static TokenWindows Of(IReadOnlyList<(int Rows, int Columns)> grids, int side)
    {
        var (order, lengths) = (new List<long>(), new List<int>());
        long first = 0;
        foreach (var (rows, columns) in grids)
        {
            for (int top = 0; top < rows; top += side)
                for (int left = 0; left < columns; left += side)
                {
                    int before = order.Count;
                    for (int row = top; row < Math.Min(top + side, rows); row++)
                        for (int column = left; column < Math.Min(left + side, columns); column++)
                            order.Add(first + row * columns + column);
                    lengths.Add(order.Count - before);
                }
            first += rows * columns;
        }
        return new([.. order], [.. lengths]);
    }
}
