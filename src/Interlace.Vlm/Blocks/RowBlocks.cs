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
    /// Rows of a block where products are cut into blocks of rows anyhow (<see cref="Engine.Kernels.Products"/>): whole ones of those, so
    /// that the numbers are the same.
    /// </summary>
    public const long Few = 2048;

    /// <summary>Where a gradient is taken its graph holds everything: then all rows are one block.</summary>
    /// <param name="count">Rows N in all.</param>
    /// <param name="most">Rows of a block.</param>
    /// <param name="run">Is given what takes the block's rows out of a tensor [N, ..], and returns tensors of these rows.</param>
    /// <returns>Its results with all rows, [N, ..].</returns>
    public static Tensor[] Run(long count, long most, Func<Func<Tensor, Tensor>, Tensor[]> run)
    {
        if (count <= most || is_grad_enabled()) return run(static x => x);
        Tensor[]? all = null;
        for (long at = 0; at < count; at += most)
        {
            using var scope = NewDisposeScope();
            (long start, long rows) = (at, Math.Min(most, count - at));
            Tensor[] block = run(x => x.narrow(0, start, rows));
            all ??= [.. block.Select(x => empty([count, .. x.shape[1..]], x.dtype, x.device).MoveToOuterDisposeScope())];
            for (int i = 0; i < block.Length; i++) all[i].narrow(0, start, rows).copy_(block[i]);
        }
        return all!;
    }
}
