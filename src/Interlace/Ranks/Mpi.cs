using System.Runtime.InteropServices;
using System.Text;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.Ranks;

/// <summary>
/// Open MPI's library (versions 4 and 5), as its <c>mpi.h</c> declares it: handles are the addresses of objects that the library exports.
/// This is the only file that calls it. A call that fails throws.
/// </summary>
internal sealed unsafe class Mpi
{
    /// <summary>Several threads may call at once.</summary>
    private const int ThreadMultiple = 3, ThreadSerialized = 2;

    private const int AnySource = -1, NoError = 0;

    private const nint InPlace = 1;

    // Of a call at most 2^31 - 1 elements.
    private const long MostElements = 1 << 30;

    private static readonly string[] Names = ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"];

    private readonly nint _library;
    private readonly nint _byte, _float, _double, _sum;
    private readonly Lock _calls = new();
    private readonly bool _oneAtATime;

    private Mpi(nint library)
    {
        _library = library;
        World = Symbol("ompi_mpi_comm_world");
        (_byte, _float, _double, _sum) = (Symbol("ompi_mpi_byte"), Symbol("ompi_mpi_float"), Symbol("ompi_mpi_double"),
            Symbol("ompi_mpi_op_sum"));
        int provided = 0;
        Check(((delegate* unmanaged<int*, nint, int, int*, int>)Symbol("MPI_Init_thread"))(null, 0, ThreadMultiple, &provided), "start");
        if (provided < ThreadSerialized)
        {
            throw new InputException($"{Version} allows one thread alone to use it: install one that was built with threads "
                + "(MPI_THREAD_MULTIPLE).");
        }
        _oneAtATime = provided == ThreadSerialized;
        Check(((delegate* unmanaged<nint, nint, int>)Symbol("MPI_Comm_set_errhandler"))(World, Symbol("ompi_mpi_errors_return")), "start");
    }

    /// <summary>The communicator of all processes.</summary>
    public nint World { get; }

    /// <summary>Name and version of the library, in its own words.</summary>
    public string Version
    {
        get
        {
            byte[] text = new byte[8192];
            int length = 0;
            fixed (byte* start = text)
                Check(((delegate* unmanaged<byte*, int*, int>)Symbol("MPI_Get_library_version"))(start, &length), "say its version");
            return Encoding.UTF8.GetString(text, 0, length).TrimEnd('\0').Split(',', 2)[0];
        }
    }

    /// <summary>Loads the library without starting it, to see whether it is there.</summary>
    /// <returns>What it is called; null where there is none.</returns>
    public static string? Find() => Load() is (var name, var library) && library != 0 ? name : null;

    /// <summary>Loads the library and joins the other processes.</summary>
    /// <param name="oneMachine">All of them are on this machine.</param>
    /// <exception cref="InputException">There is none, or it is another than Open MPI.</exception>
    public static Mpi Start(bool oneMachine)
    {
        var (name, library) = Load();
        if (library == 0)
        {
            throw new InputException("This process is one of several, but Open MPI's library (libmpi.so.40) is not found: "
                + "install it (Debian: openmpi-bin and libopenmpi-dev), or add its folder to LD_LIBRARY_PATH.");
        }
        if (!NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _))
        {
            throw new InputException($"{name} is not Open MPI's: put Open MPI first on LD_LIBRARY_PATH, and start the ranks with its "
                + "mpirun.");
        }
        // Open MPI would take the signals by which the runtime knows of null references and of mapped files that were cut short.
        NativeSettings.SetVariable("OMPI_MCA_opal_signal", "", overwrite: false);
        // Between processes of one machine this is how it sends; without a word it first looks for every network: 0.2 s of each start.
        if (oneMachine) NativeSettings.SetVariable("OMPI_MCA_pml", "ob1", overwrite: false);
        return new(library);
    }

    /// <summary>Number of this process in a communicator.</summary>
    public int Rank(nint communicator)
    {
        int value = 0;
        Check(((delegate* unmanaged<nint, int*, int>)Symbol("MPI_Comm_rank"))(communicator, &value), "say its rank");
        return value;
    }

    /// <summary>Processes of a communicator.</summary>
    public int Count(nint communicator)
    {
        int value = 0;
        Check(((delegate* unmanaged<nint, int*, int>)Symbol("MPI_Comm_size"))(communicator, &value), "say its size");
        return value;
    }

    /// <summary>A communicator of those that give the same number, in the order of their ranks.</summary>
    public nint Split(nint communicator, int group)
    {
        nint split = 0;
        Check(((delegate* unmanaged<nint, int, int, nint*, int>)Symbol("MPI_Comm_split"))(communicator, group, Rank(communicator), &split),
            "split the ranks");
        return split;
    }

    /// <summary>Name of this machine.</summary>
    public string Host
    {
        get
        {
            byte[] text = new byte[512];
            int length = 0;
            fixed (byte* start = text)
                Check(((delegate* unmanaged<byte*, int*, int>)Symbol("MPI_Get_processor_name"))(start, &length), "name the machine");
            return Encoding.UTF8.GetString(text, 0, length);
        }
    }

    /// <summary>Waits for all.</summary>
    public void Barrier(nint communicator)
    {
        using var turn = TakeTurn();
        Check(((delegate* unmanaged<nint, int>)Symbol("MPI_Barrier"))(communicator), "wait for the other ranks");
    }

    /// <summary>Sums elements over all ranks, in place.</summary>
    /// <param name="values">fp32 or fp64 in the memory of the CPU.</param>
    /// <param name="count">Elements.</param>
    /// <param name="wide">fp64.</param>
    /// <param name="to">The rank that gets the sum; null for all.</param>
    /// <param name="communicator">The ranks.</param>
    public void Sum(byte* values, long count, bool wide, int? to, nint communicator)
    {
        using var turn = TakeTurn();
        nint type = wide ? _double : _float, inPlace = InPlace;
        int size = wide ? sizeof(double) : sizeof(float);
        var all = (delegate* unmanaged<nint, byte*, int, nint, nint, nint, int>)Symbol("MPI_Allreduce");
        var one = (delegate* unmanaged<nint, byte*, int, nint, nint, int, nint, int>)Symbol("MPI_Reduce");
        for (long at = 0; at < count; at += MostElements)
        {
            int part = (int)Math.Min(MostElements, count - at);
            byte* place = values + at * size;
            Check(to is not { } root ? all(inPlace, place, part, type, _sum, communicator)
                : Rank(communicator) == root ? one(inPlace, place, part, type, _sum, root, communicator)
                : one((nint)place, null, part, type, _sum, root, communicator), "add up");
        }
    }

    /// <summary>Gives one rank's bytes to all, in place.</summary>
    public void Broadcast(byte* bytes, long count, int from, nint communicator)
    {
        using var turn = TakeTurn();
        var broadcast = (delegate* unmanaged<byte*, int, nint, int, nint, int>)Symbol("MPI_Bcast");
        for (long at = 0; at < count; at += MostElements)
            Check(broadcast(bytes + at, (int)Math.Min(MostElements, count - at), _byte, from, communicator), "broadcast");
    }

    /// <summary>Sends bytes to a rank.</summary>
    public void Send(ReadOnlySpan<byte> bytes, int to, int tag, nint communicator)
    {
        if (bytes.Length > MostElements) throw new ArgumentException("a message is too long", nameof(bytes));
        fixed (byte* start = bytes) Send(start, bytes.Length, to, tag, communicator);
    }

    /// <summary>Sends any number of bytes to a rank that waits for as many.</summary>
    public void Send(byte* bytes, long count, int to, int tag, nint communicator)
    {
        using var turn = TakeTurn();
        var send = (delegate* unmanaged<byte*, int, nint, int, int, nint, int>)Symbol("MPI_Send");
        for (long at = 0; at < Math.Max(count, 1); at += MostElements)
            Check(send(bytes + at, (int)Math.Min(MostElements, count - at), _byte, to, tag, communicator), "send");
    }

    /// <summary>Waits for a known number of bytes from a rank.</summary>
    public void Receive(byte* bytes, long count, int from, int tag, nint communicator)
    {
        using var turn = TakeTurn();
        var receive = (delegate* unmanaged<byte*, int, nint, int, int, nint, Status*, int>)Symbol("MPI_Recv");
        for (long at = 0; at < Math.Max(count, 1); at += MostElements)
        {
            Status status = default;
            Check(receive(bytes + at, (int)Math.Min(MostElements, count - at), _byte, from, tag, communicator, &status), "receive");
        }
    }

    /// <summary>Takes a message of a tag that has come, from a rank or from any; null where there is none.</summary>
    public (int From, byte[] Content)? Receive(int tag, nint communicator, int from = AnySource)
    {
        using var turn = TakeTurn();
        nint message = 0;
        int found = 0, count = 0;
        Status status = default;
        var look = (delegate* unmanaged<int, int, nint, int*, nint*, Status*, int>)Symbol("MPI_Improbe");
        Check(look(from, tag, communicator, &found, &message, &status), "look for messages");
        if (found == 0) return null;
        Check(((delegate* unmanaged<Status*, nint, int*, int>)Symbol("MPI_Get_count"))(&status, _byte, &count), "receive");
        byte[] content = new byte[count];
        var receive = (delegate* unmanaged<byte*, int, nint, nint*, Status*, int>)Symbol("MPI_Mrecv");
        fixed (byte* start = content) Check(receive(start, count, _byte, &message, &status), "receive");
        return (status.Source, content);
    }

    /// <summary>Leaves the other processes, which do so too.</summary>
    public void Finish() => ((delegate* unmanaged<int>)Symbol("MPI_Finalize"))();

    /// <summary>Ends all processes at once.</summary>
    public void Abort(int code) => ((delegate* unmanaged<nint, int, int>)Symbol("MPI_Abort"))(World, code);

    private static (string? Name, nint Library) Load()
    {
        foreach (string name in Names)
            if (NativeLibrary.TryLoad(name, out nint library)) return (name, library);
        return (null, 0);
    }

    private nint Symbol(string name) => NativeLibrary.TryGetExport(_library, name, out nint address) ? address
        : throw new InputException($"Open MPI's library has no {name}: install version 4 or 5.");

    private Turn TakeTurn() => new(_oneAtATime ? _calls : null);

    private void Check(int error, string purpose)
    {
        if (error == NoError) return;
        byte[] text = new byte[1024];
        int length = 0;
        fixed (byte* start = text) ((delegate* unmanaged<int, byte*, int*, int>)Symbol("MPI_Error_string"))(error, start, &length);
        throw new IOException($"MPI could not {purpose}: {Encoding.UTF8.GetString(text, 0, length)}.");
    }

    /// <summary><c>MPI_Status</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Status
    {
        public int Source, Tag, Error, Cancelled;
        public nuint Count;
    }

    /// <summary>Keeps other threads out, where the library must not be called by several at once.</summary>
    private readonly ref struct Turn
    {
        private readonly Lock? _calls;

        public Turn(Lock? calls)
        {
            _calls = calls;
            calls?.Enter();
        }

        public void Dispose() => _calls?.Exit();
    }
}
