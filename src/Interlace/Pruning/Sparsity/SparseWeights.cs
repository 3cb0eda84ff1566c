using static TorchSharp.torch;

namespace Interlace.Pruning.Sparsity;

/// <summary>
/// Zeroes the least important weights of a matrix. The importance of W_ij is |W_ij| (magnitude),
/// or |W_ij| times the norm of input column j (Wanda: Sun et al. 2024, Eq. 1), in fp32.
/// Weights compete within their row alone. Of equally important ones the lower column becomes zero first.
/// </summary>
public static class SparseWeights
{
    // the order of a group is int64: sorting a whole large matrix would take many times its size
    private const int ElementsAtOnce = 1 << 22;

    /// <summary>The matrix with its least important weights zero, in its own type; all other weights keep their bits.</summary>
    /// <param name="weight">[output, input].</param>
    /// <param name="norms">[input] in fp32: Wanda's norm of each input column. Null: magnitude.</param>
    /// <param name="zeros">Weights that become zero in each group.</param>
    /// <param name="group">Consecutive input columns of a group; divides their number.</param>
    public static Tensor Prune(Tensor weight, Tensor? norms, int zeros, int group)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        long rows = weight.shape[0], step = Math.Max(1, ElementsAtOnce / weight.shape[1]);
        var pieces = new List<Tensor>();
        for (long at = 0; at < rows; at += step)
            pieces.Add(PruneRows(weight.narrow(0, at, Math.Min(step, rows - at)), norms, zeros, group));
        return cat(pieces, 0).MoveToOuterDisposeScope();
    }

    /// <summary>Number of zeros, those that were there before included.</summary>
    public static long Zeros(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.numel() - weight.count_nonzero().item<long>();
    }

    private static Tensor PruneRows(Tensor weight, Tensor? norms, int zeros, int group)
    {
        using var scope = NewDisposeScope();
        Tensor importance = weight.to(ScalarType.Float32).abs();
        if (norms is not null) importance = importance.mul(norms);
        // A stable sort: equal weights stay in the order of their columns.
        var (_, order) = importance.reshape(-1, group).sort(-1, descending: false, stable: true);
        Tensor least = order.narrow(-1, 0, zeros);
        return weight.reshape(-1, group).scatter(-1, least, TorchSharp.torch.zeros(least.shape, weight.dtype, weight.device))
            .view(weight.shape).MoveToOuterDisposeScope();
    }
}
