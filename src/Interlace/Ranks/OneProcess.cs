using static TorchSharp.torch;

namespace Interlace.Ranks;

/// <summary>A job of one process: it has everything already.</summary>
public sealed class OneProcess : ICollective
{
    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public void Sum(Tensor values, int? to = null)
    {
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values, int from)
    {
    }

    /// <inheritdoc/>
    public void Hand(Tensor values, int from, int to)
    {
    }

    /// <inheritdoc/>
    public byte[] Broadcast(byte[] content) => content;

    /// <inheritdoc/>
    public byte[][] Gather(byte[] content) => [content];

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
