using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>
/// Work on the rows of long sequences block by block. Everything in a layer but attention sees a token alone,
/// so that what it holds in between need not grow with the prompt.
/// </summary>
internal static class RowBlocks
{
    /// <summary>Rows of a block. Samples of data are not longer, so that their numbers come from whole matrices.</summary>
    public const long Rows = 16_384;

    /// <summary>
    /// Where a gradient is taken its graph holds everything, and an observer sees whole inputs: then all rows are one block.
    /// </summary>
    /// <param name="count">Rows N in all.</param>
    /// <param name="whole">Do not divide.</param>
    /// <param name="run">Is given what takes the block's rows out of a tensor [N, ..], and returns tensors of these rows.</param>
    /// <returns>Its results with all rows, [N, ..].</returns>
    public static Tensor[] Run(long count, bool whole, Func<Func<Tensor, Tensor>, Tensor[]> run)
    {
        if (whole || count <= Rows || is_grad_enabled()) return run(static x => x);
        Tensor[]? all = null;
        for (long at = 0; at < count; at += Rows)
        {
            using var scope = NewDisposeScope();
            (long start, long rows) = (at, Math.Min(Rows, count - at));
            Tensor[] block = run(x => x.narrow(0, start, rows));
            all ??= [.. block.Select(x => empty([count, .. x.shape[1..]], x.dtype, x.device).MoveToOuterDisposeScope())];
            for (int i = 0; i < block.Length; i++) all[i].narrow(0, start, rows).copy_(block[i]);
        }
        return all!;
    }
}
