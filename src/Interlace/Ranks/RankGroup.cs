using System.Text;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Ranks;

/// <summary>
/// The processes that do one job together. Rank 0 leads: it runs the command as if it were alone, decides, writes and prints. The others
/// wait until it calls them to a task, do their part of it, and wait again: they neither write nor look at what the leader writes.
/// </summary>
public sealed class RankGroup
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(20);

    private readonly IMessages? _messages;
    private readonly Action<int> _abort;
    private Action _finish = () => { };
    private int _done;   // members that have done their part of the call

    private RankGroup(ICollective collective, IMessages? messages, Launch launch, string name, Action<int> abort)
    {
        (Collective, _messages, Launch, Name, _abort) = (collective, messages, launch, name, abort);
    }

    /// <summary>A process that was started alone.</summary>
    public static RankGroup Alone { get; } = new(new OneProcess(), null, Launch.Alone, "rank 0", _ => { });

    /// <summary>What all do together.</summary>
    public ICollective Collective { get; private set; }

    /// <summary>How this process was started.</summary>
    public Launch Launch { get; }

    /// <summary>This rank and its machine, for messages.</summary>
    public string Name { get; }

    /// <summary>The library that connects the ranks, in its own words; null where this process is alone.</summary>
    public string? Library { get; private init; }

    /// <summary>The library that would connect ranks if there were some; null where none is found.</summary>
    public static string? FindLibrary() => Mpi.Find();

    /// <summary>Number of this process in the group, from 0.</summary>
    public int Rank => Collective.Rank;

    /// <summary>Processes of the group.</summary>
    public int Count => Collective.Count;

    /// <summary>Whether this process decides and writes.</summary>
    public bool Leads => Rank == 0;

    /// <summary>What the members are called to, and have not ended; null where they wait.</summary>
    public string? Task { get; private set; }

    /// <summary>Joins the processes that were started with this one; a process that was started alone stays alone.</summary>
    /// <exception cref="InputException">There is no library of MPI that can be used, or the environment contradicts itself.</exception>
    public static RankGroup Join()
    {
        var launch = Launch.Of(Environment.GetEnvironmentVariable);
        if (launch.Count == 1) return Alone;
        OwnDevice.Claim(launch);
        var mpi = Mpi.Start(oneMachine: launch.LocalCount == launch.Count);
        var world = new MpiCollective(mpi, mpi.World);
        if (world.Count != launch.Count)
        {
            throw new InputException($"This process was started as one of {launch.Count}, but MPI says {world.Count}: "
                + "start the ranks with the mpirun or srun that belongs to the library.");
        }
        return new(world, world, launch, $"rank {world.Rank} on {mpi.Host}", mpi.Abort)
        {
            _finish = mpi.Finish, Library = mpi.Version,
        };
    }

    /// <summary>A group of ranks that are connected in another way.</summary>
    internal static RankGroup Of(ICollective collective, IMessages messages) =>
        new(collective, messages, new(collective.Rank, collective.Count, collective.Rank, collective.Count),
            $"rank {collective.Rank}", _ => { });

    /// <summary>Splits the group, all of whose ranks must ask for it.</summary>
    /// <param name="part">Ranks that give the same number stay together, in their order.</param>
    /// <returns>The part of this rank.</returns>
    public RankGroup Split(int part) => _messages is MpiCollective world && world.Split(part) is var own
        ? new(own, own, Launch, Name, _abort) { Library = Library } : this;

    /// <summary>Sends the members of a part of a group back to what they did before.</summary>
    public void Dismiss()
    {
        for (int rank = 1; rank < Count; rank++) Send(rank, MessageKind.End, []);
    }

    /// <summary>
    /// From here on tensors on devices go from device to device, where NCCL is found; every rank of the group must ask for it.
    /// </summary>
    /// <returns>Whether they do.</returns>
    public bool ConnectDevices()
    {
        if (Collective is not MpiCollective host) return Collective is NcclCollective;
        nint library = Nccl.Load();
        byte[] id = host.Broadcast(Leads && library != 0 ? Nccl.NewId(library) : []);
        if (id.Length == 0) return false;
        if (library == 0)
        {
            throw new InputException("NCCL's library (libnccl.so.2) is found by the leader and not here: "
                + "install it on every machine, or add its folder to LD_LIBRARY_PATH.");
        }
        Collective = new NcclCollective(host, Nccl.Join(library, id, Rank, Count));
        return true;
    }

    /// <summary>Calls all members to a task, of which the leader then does its part.</summary>
    /// <param name="task">Name of the task.</param>
    /// <param name="content">What they must know.</param>
    public void Call(string task, JsonObject content)
    {
        Task = task;
        var call = new JsonObject { ["task"] = task, ["content"] = content };
        for (int rank = 1; rank < Count; rank++) Send(rank, MessageKind.Call, Encoding.UTF8.GetBytes(call.ToJsonString()));
    }

    /// <summary>
    /// The leader tells members that wait what they may be called to next, so that they open it while it does. Nothing is said to members
    /// at work.
    /// </summary>
    /// <param name="content">What they must know.</param>
    public void Prepare(JsonObject content)
    {
        if (Task is not null) return;
        for (int rank = 1; rank < Count; rank++) Send(rank, MessageKind.Prepare, Encoding.UTF8.GetBytes(content.ToJsonString()));
    }

    /// <summary>Waits until all members have done their part of what they were called to.</summary>
    public void Complete()
    {
        while (_done < Count - 1)
            if (Receive() is null) Thread.Sleep(ShortestPause);
        (_done, Task) = (0, null);
    }

    /// <summary>A member's life: it does what it is called to until the leader ends it.</summary>
    /// <param name="prepare">Looks ahead to a task by a part of its content.</param>
    /// <param name="perform">Does a task by its name and content.</param>
    public void Serve(Action<JsonObject> prepare, Action<string, JsonObject> perform)
    {
        while (Next() is { Kind: not MessageKind.End } message)
        {
            var call = (JsonObject)StrictJson.Parse(Encoding.UTF8.GetString(message.Content))!;
            if (message.Kind == MessageKind.Prepare)
            {
                prepare(call);
                continue;
            }
            Task = (string)call["task"]!;
            perform(Task, (JsonObject)call["content"]!);
            Task = null;
            Send(0, MessageKind.Done, []);
        }
    }

    /// <summary>Sends the members home. Where a call is open they are in the middle of it, and all processes end at once.</summary>
    /// <param name="code">Exit code of the program.</param>
    public void End(int code)
    {
        if (Count == 1) return;
        if (Task is not null || !Leads && code != 0) _abort(code);
        if (Leads) Dismiss();
        _finish();
    }

    internal void Send(int to, MessageKind kind, ReadOnlySpan<byte> content) => _messages!.Send(to, [(byte)kind, .. content]);

    /// <summary>A message that has come. That a member has done its part is noted, and is no message to anybody else.</summary>
    internal (int From, MessageKind Kind, byte[] Content)? Receive()
    {
        if (_messages!.Receive() is not var (from, content)) return null;
        if ((MessageKind)content[0] != MessageKind.Done) return (from, (MessageKind)content[0], content[1..]);
        _done++;
        return null;
    }

    /// <summary>Waits for a message without keeping a processor busy: a waiting rank shares it with those that work.</summary>
    internal (int From, MessageKind Kind, byte[] Content) Next()
    {
        for (var pause = ShortestPause; ; pause = pause < LongestPause ? pause * 1.5 : LongestPause)
        {
            if (Receive() is { } message) return message;
            Thread.Sleep(pause);
        }
    }
}
