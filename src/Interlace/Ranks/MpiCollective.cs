using Interlace.Vlm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Ranks;

/// <summary>The ranks of an MPI communicator. What lies on a device goes through the memory of the CPU.</summary>
internal sealed unsafe class MpiCollective : ICollective, IMessages
{
    private const int GatherTag = 1, MessageTag = 2, TensorTag = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly Mpi _mpi;
    private readonly nint _communicator;

    public MpiCollective(Mpi mpi, nint communicator)
    {
        (_mpi, _communicator) = (mpi, communicator);
        (Rank, Count) = (mpi.Rank(communicator), mpi.Count(communicator));
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>The ranks that give the same number, as a group of their own.</summary>
    public MpiCollective Split(int group) => new(_mpi, _mpi.Split(_communicator, group));

    /// <inheritdoc/>
    public void Sum(Tensor values, int? to = null)
    {
        if (values.dtype is not (ScalarType.Float32 or ScalarType.Float64) || values.device.type != DeviceType.CPU)
        {
            using var _ = no_grad();
            using Tensor wide = values.to(values.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32, CPU);
            Sum(wide, to);
            values.copy_(wide);
            return;
        }
        _mpi.Sum(Bytes(values), values.numel(), values.dtype == ScalarType.Float64, to, _communicator);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values, int from)
    {
        if (values.device.type != DeviceType.CPU)
        {
            using var _ = no_grad();
            using Tensor here = values.cpu();
            Broadcast(here, from);
            values.copy_(here);
            return;
        }
        _mpi.Broadcast(Bytes(values), values.numel() * values.ElementSize, from, _communicator);
    }

    /// <inheritdoc/>
    public void Hand(Tensor values, int from, int to)
    {
        if (Rank != from && Rank != to) return;
        if (values.device.type != DeviceType.CPU)
        {
            using var _ = no_grad();
            using Tensor here = values.cpu();
            Hand(here, from, to);
            if (Rank == to) values.copy_(here);
            return;
        }
        long bytes = values.numel() * values.ElementSize;
        if (Rank == from) _mpi.Send(Bytes(values), bytes, to, TensorTag, _communicator);
        else _mpi.Receive(Bytes(values), bytes, from, TensorTag, _communicator);
    }

    /// <inheritdoc/>
    public byte[] Broadcast(byte[] content)
    {
        long length = content.Length;
        _mpi.Broadcast((byte*)&length, sizeof(long), from: 0, _communicator);
        byte[] received = Rank == 0 ? content : new byte[length];
        fixed (byte* start = received) _mpi.Broadcast(start, length, from: 0, _communicator);
        return received;
    }

    /// <inheritdoc/>
    public byte[][] Gather(byte[] content)
    {
        if (Rank > 0)
        {
            _mpi.Send(content, to: 0, GatherTag, _communicator);
            return [];
        }
        byte[][] all = new byte[Count][];
        all[0] = content;
        for (int rank = 1; rank < Count; rank++) all[rank] = WaitFor(rank);
        return all;
    }

    /// <inheritdoc/>
    public void Barrier() => _mpi.Barrier(_communicator);

    /// <inheritdoc/>
    public void Send(int to, byte[] content) => _mpi.Send(content, to, MessageTag, _communicator);

    /// <inheritdoc/>
    public (int From, byte[] Content)? Receive() => _mpi.Receive(MessageTag, _communicator);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The communicator of all ends with the process; those of groups are few.
    }

    private byte[] WaitFor(int rank)
    {
        while (true)
        {
            if (_mpi.Receive(GatherTag, _communicator, rank) is { } message) return message.Content;
            Thread.Sleep(Pause);
        }
    }

    private static byte* Bytes(Tensor values) => values.is_contiguous() ? (byte*)Aten.Data(values)
        : throw new ArgumentException("the tensor is not contiguous", nameof(values));
}
