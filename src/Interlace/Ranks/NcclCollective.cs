using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Ranks;

/// <summary>Ranks with a device each: tensors on it go by NCCL, everything else by MPI.</summary>
internal sealed class NcclCollective(MpiCollective host, Nccl devices) : ICollective
{
    /// <inheritdoc/>
    public int Rank => host.Rank;

    /// <inheritdoc/>
    public int Count => host.Count;

    /// <inheritdoc/>
    public void Sum(Tensor values, int? to = null)
    {
        if (values.device.type == DeviceType.CUDA && Nccl.Knows(values.dtype)) devices.Sum(values, to);
        else host.Sum(values, to);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values, int from)
    {
        if (values.device.type == DeviceType.CUDA) devices.Broadcast(values, from);
        else host.Broadcast(values, from);
    }

    /// <inheritdoc/>
    public void Hand(Tensor values, int from, int to) => host.Hand(values, from, to);

    /// <inheritdoc/>
    public byte[] Broadcast(byte[] content) => host.Broadcast(content);

    /// <inheritdoc/>
    public byte[][] Gather(byte[] content) => host.Gather(content);

    /// <inheritdoc/>
    public void Barrier() => host.Barrier();

    /// <inheritdoc/>
    public void Dispose() => devices.Dispose();
}
