using System.Collections.Concurrent;
using Interlace.Ranks;
using static TorchSharp.torch;

namespace Interlace.Tests.Ranks;

/// <summary>Ranks that are threads of one process: what dealing does is seen without MPI.</summary>
internal sealed class MemoryRanks : IMessages, ICollective
{
    private readonly ConcurrentQueue<(int From, byte[] Content)>[] _inboxes;

    private MemoryRanks(int rank, ConcurrentQueue<(int, byte[])>[] inboxes) => (Rank, _inboxes) = (rank, inboxes);

    public int Rank { get; }

    public int Count => _inboxes.Length;

    /// <summary>Runs the parts of a leader and its members to their ends.</summary>
    public static T Run<T>(int count, Func<RankGroup, T> lead, Action<RankGroup> join)
    {
        ConcurrentQueue<(int, byte[])>[] inboxes = [.. Enumerable.Range(0, count).Select(_ => new ConcurrentQueue<(int, byte[])>())];
        RankGroup[] groups = [.. Enumerable.Range(0, count).Select(rank => RankGroup.Of(new MemoryRanks(rank, inboxes),
            new MemoryRanks(rank, inboxes)))];
        Task[] members = [.. groups[1..].Select(group => Task.Factory.StartNew(() => group.Serve(_ => { }, (_, _) => join(group)),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        groups[0].Call("task", []);
        T result = lead(groups[0]);
        groups[0].Complete();
        groups[0].End(0);
        Assert.True(Task.WaitAll(members, TimeSpan.FromSeconds(60)), "a member did not come to its end");
        return result;
    }

    public void Send(int to, byte[] content) => _inboxes[to].Enqueue((Rank, content));

    public (int From, byte[] Content)? Receive() => _inboxes[Rank].TryDequeue(out var message) ? message : null;

    public void Sum(Tensor values, int? to = null) => throw new NotSupportedException();

    public void Broadcast(Tensor values, int from) => throw new NotSupportedException();

    public void Hand(Tensor values, int from, int to) => throw new NotSupportedException();

    public byte[] Broadcast(byte[] content) => throw new NotSupportedException();

    public byte[][] Gather(byte[] content) => throw new NotSupportedException();

    public void Barrier() => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
