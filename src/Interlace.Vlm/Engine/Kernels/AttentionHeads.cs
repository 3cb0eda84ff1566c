using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// How the heads of attention lie for a product of matrices a key head: the heads that share it together, token by token; and the blocks
/// of queries that are taken at a time. All of it depends on the shapes alone.
/// </summary>
internal readonly struct AttentionHeads(int count, int length, long heads, long keyHeads, long size)
{
    private const int BlockRows = 512;      // of scores: queries of all the heads that share a key head
    private const int KeyStep = 128;        // what a block sees ends at a multiple of this: fewer shapes to prepare kernels for

    /// <summary>Numbers d of a head.</summary>
    public long Size => size;

    /// <summary>Query heads that share a key head.</summary>
    public int Shared { get; } = (int)(heads / keyHeads);

    /// <summary>Key heads of all sequences.</summary>
    public int Parts { get; } = (int)(count * keyHeads);

    /// <summary>Tokens of a block of queries.</summary>
    public int Step => Math.Max(1, BlockRows / Shared);

    /// <summary>Keys that a block sees whose queries end before <paramref name="end"/>.</summary>
    public int Seen(int end) => Math.Min(length, (end + KeyStep - 1) / KeyStep * KeyStep);

    /// <summary>[count * T, H, d] or [count * T, H * d] -> [count * G, T * shared, d].</summary>
    public Tensor OfQueries(Tensor x) => x.reshape(count, length, keyHeads, Shared, size).transpose(1, 2).contiguous()
        .view(count * keyHeads, length * Shared, size);

    /// <summary>[count * T, G, d] -> [count * G, T, d].</summary>
    public Tensor OfKeys(Tensor x) =>
        x.reshape(count, length, keyHeads, size).transpose(1, 2).contiguous().view(count * keyHeads, length, size);

    /// <summary>[count * G, T * n, d], where n heads share a part -> [count * T, G * n, d].</summary>
    public Tensor ByToken(Tensor x)
    {
        long each = x.shape[1] / length;
        return x.reshape(count, keyHeads, length, each, size).transpose(1, 2).reshape(count * length, keyHeads * each, size);
    }
}
