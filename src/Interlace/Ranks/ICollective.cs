using static TorchSharp.torch;

namespace Interlace.Ranks;

/// <summary>
/// What the processes of a job do together: every rank makes the same calls in the same order, and each returns when its part is done.
/// Tensors are contiguous and of the same type and shape on all ranks.
/// </summary>
public interface ICollective : IDisposable
{
    /// <summary>Number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>Processes.</summary>
    int Count { get; }

    /// <summary>Adds up a tensor (fp32, fp64 or bf16) over all ranks, in place.</summary>
    /// <param name="values">Any shape.</param>
    /// <param name="to">The rank that gets the sum, those of the others are then of no use; all of them where absent.</param>
    void Sum(Tensor values, int? to = null);

    /// <summary>Gives one rank's tensor, of any type, to all, in place.</summary>
    void Broadcast(Tensor values, int from);

    /// <summary>Copies a tensor of any type from one rank to another, in place; the others need not call.</summary>
    /// <param name="values">What is sent, or where it goes.</param>
    /// <param name="from">The rank that has it.</param>
    /// <param name="to">Another rank.</param>
    void Hand(Tensor values, int from, int to);

    /// <summary>Gives rank 0's bytes to all.</summary>
    /// <param name="content">The bytes; of no use on other ranks.</param>
    byte[] Broadcast(byte[] content);

    /// <summary>Brings bytes of every rank to rank 0, in the order of ranks; the others get none.</summary>
    byte[][] Gather(byte[] content);

    /// <summary>Waits until all ranks are here.</summary>
    void Barrier();
}
