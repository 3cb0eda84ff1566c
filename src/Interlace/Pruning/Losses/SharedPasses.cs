using System.Runtime.InteropServices;
using Interlace.Ranks;

namespace Interlace.Pruning.Losses;

/// <summary>
/// Passes shared out among ranks that hold the same samples: the leader says which, every rank makes each n-th of them, and the leader
/// gets all losses. Each loss is what one rank would have got, so nothing that is made of them depends on the number of ranks.
/// </summary>
internal static class SharedPasses
{
    /// <summary>The leader's part.</summary>
    /// <param name="ranks">All ranks.</param>
    /// <param name="alive">The layers that are there, ascending.</param>
    /// <param name="passes">The passes, at least one.</param>
    /// <param name="losses">Makes passes, over the layers that are there.</param>
    /// <returns>[passes].</returns>
    public static double[] Lead(ICollective ranks, int[] alive, IReadOnlyList<LossPass> passes, LossesOf losses)
    {
        int[] order = [alive.Length, .. alive, .. passes.SelectMany(pass => new[] { pass.Batch, pass.Without ?? -1 })];
        ranks.Broadcast(MemoryMarshal.AsBytes(order.AsSpan()).ToArray());
        byte[][] parts = ranks.Gather(Own(ranks, alive, passes, losses));
        double[] all = new double[passes.Count];
        foreach (var (rank, part) in parts.Index())
            foreach (var (i, loss) in MemoryMarshal.Cast<byte, double>(part).ToArray().Index()) all[rank + i * ranks.Count] = loss;
        return all;
    }

    /// <summary>Lets the members go.</summary>
    public static void End(ICollective ranks) => ranks.Broadcast([]);

    /// <summary>A member's part, until the leader ends it.</summary>
    public static void Join(ICollective ranks, LossesOf losses)
    {
        while (MemoryMarshal.Cast<byte, int>(ranks.Broadcast([])).ToArray() is { Length: > 0 } order)
        {
            int layers = order[0];
            LossPass[] passes = [.. order[(1 + layers)..].Chunk(2).Select(pass => new LossPass(pass[0], pass[1] < 0 ? null : pass[1]))];
            ranks.Gather(Own(ranks, order[1..(1 + layers)], passes, losses));
        }
    }

    private static byte[] Own(ICollective ranks, int[] alive, IReadOnlyList<LossPass> passes, LossesOf losses) =>
        MemoryMarshal.AsBytes(losses(alive, [.. passes.Where((_, i) => i % ranks.Count == ranks.Rank)]).AsSpan()).ToArray();
}

/// <summary>Makes passes over some layers, and gives the summed loss of each.</summary>
internal delegate double[] LossesOf(int[] alive, IReadOnlyList<LossPass> passes);
