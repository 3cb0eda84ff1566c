using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Ranks;

/// <summary>
/// NVIDIA's library of collectives between devices (NCCL 2), as its <c>nccl.h</c> declares it. This is the only file that calls it.
/// Calls are put into the default stream, in which the engine computes: they wait for what is before them and nobody waits for them.
/// </summary>
internal sealed unsafe class Nccl : IDisposable
{
    /// <summary>Bytes of the id by which ranks find each other.</summary>
    public const int IdBytes = 128;

    /// <summary>The functions that are called, for a look at whether a library has them.</summary>
    public static IReadOnlyList<string> Functions { get; } =
    [
        "ncclGetVersion", "ncclGetUniqueId", "ncclCommInitRank", "ncclAllReduce", "ncclReduce", "ncclBroadcast", "ncclCommDestroy",
        "ncclGetErrorString",
    ];

    private const int SumOperation = 0, Byte = 1;

    private static readonly string[] Names = ["libnccl.so.2", "libnccl.so"];

    private readonly nint _library;
    private readonly nint _communicator;

    private Nccl(nint library, byte[] id, int rank, int count)
    {
        _library = library;
        var unique = MemoryMarshal.Read<Id>(id);
        nint communicator = 0;
        Check(((delegate* unmanaged<nint*, int, Id, int, int>)Symbol(library, "ncclCommInitRank"))(&communicator, count, unique, rank));
        _communicator = communicator;
    }

    /// <summary>Loads the library; 0 where it is not found.</summary>
    public static nint Load()
    {
        foreach (string name in Names)
            if (NativeLibrary.TryLoad(name, out nint library)) return library;
        return 0;
    }

    /// <summary>A new id, which the other ranks must be told.</summary>
    /// <exception cref="IOException">The library refuses.</exception>
    public static byte[] NewId(nint library)
    {
        Id id = default;
        int error = ((delegate* unmanaged<Id*, int>)Symbol(library, "ncclGetUniqueId"))(&id);
        return error == 0 ? MemoryMarshal.AsBytes(new ReadOnlySpan<Id>(ref id)).ToArray() : throw Fault(library, error);
    }

    /// <summary>Joins the other ranks, each on the device that it sees first.</summary>
    /// <exception cref="IOException">The library refuses.</exception>
    public static Nccl Join(nint library, byte[] id, int rank, int count) => new(library, id, rank, count);

    /// <summary>Whether a type of numbers can be summed.</summary>
    public static bool Knows(ScalarType type) => TypeOf(type) >= 0;

    /// <summary>Sums a tensor on the device over all ranks, in place.</summary>
    public void Sum(Tensor values, int? to)
    {
        void* data = Address(values);
        nuint count = (nuint)values.numel();
        int type = TypeOf(values.dtype);
        Check(to is { } root
            ? ((delegate* unmanaged<void*, void*, nuint, int, int, int, nint, nint, int>)Symbol(_library, "ncclReduce"))(data, data, count,
                type, SumOperation, root, _communicator, 0)
            : ((delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Symbol(_library, "ncclAllReduce"))(data, data, count,
                type, SumOperation, _communicator, 0));
    }

    /// <summary>Gives one rank's tensor on the device to all, in place.</summary>
    public void Broadcast(Tensor values, int from)
    {
        void* data = Address(values);
        Check(((delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Symbol(_library, "ncclBroadcast"))(data, data,
            (nuint)(values.numel() * values.ElementSize), Byte, from, _communicator, 0));
    }

    /// <inheritdoc/>
    public void Dispose() => ((delegate* unmanaged<nint, int>)Symbol(_library, "ncclCommDestroy"))(_communicator);

    // The numbers of ncclDataType_t.
    private static int TypeOf(ScalarType type) => type switch
    {
        ScalarType.Float16 => 6,
        ScalarType.Float32 => 7,
        ScalarType.Float64 => 8,
        ScalarType.BFloat16 => 9,
        _ => -1,
    };

    private static void* Address(Tensor values) => Vlm.Engine.Aten.Data(values);

    private void Check(int error)
    {
        if (error != 0) throw Fault(_library, error);
    }

    private static IOException Fault(nint library, int error)
    {
        nint text = ((delegate* unmanaged<int, nint>)Symbol(library, "ncclGetErrorString"))(error);
        return new($"NCCL could not do it: {Marshal.PtrToStringUTF8(text)}; NCCL_DEBUG=WARN shows more.");
    }

    private static nint Symbol(nint library, string name) => NativeLibrary.GetExport(library, name);

    /// <summary><c>ncclUniqueId</c>.</summary>
    [InlineArray(IdBytes)]
    private struct Id
    {
        private byte _first;
    }
}
