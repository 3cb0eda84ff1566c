using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Independent parts of one piece of work, shared over as many threads as the engine may use. Within a part the engine has one thread:
/// what a part gives depends on the part alone, and never on how many threads there are.
/// </summary>
internal static unsafe class Workers
{
    private static readonly delegate* unmanaged<int, void> SetOwn = (delegate* unmanaged<int, void>)Find("omp_set_num_threads");

    // MKL counts its threads by itself; absent where the engine comes without it. -> what was set before
    private static readonly delegate* unmanaged<int, int> SetMkl = (delegate* unmanaged<int, int>)Find("MKL_Set_Num_Threads_Local");

    /// <summary>The engine can be held to one thread within a part.</summary>
    public static bool AreOurs => SetOwn is not null;

    /// <summary>
    /// Runs the parts 0, 1, .. count - 1, in any order, without gradients. What a part makes in the engine is freed behind it. Parts are
    /// left out when the work is called off (<see cref="Interruptible"/>).
    /// </summary>
    public static void Run(int count, Action<int> part) => Share(count, i => Alone(i, part));

    /// <summary>Runs parts that ask nothing of the engine, in any order: arithmetic of our own.</summary>
    public static void Share(int count, Action<int> part)
    {
        int threads = count > 1 ? get_num_threads() : 1;
        if (threads == 1)
        {
            for (int i = 0; i < count; i++) part(i);
            return;
        }
        Together.Run(() => Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, part));
    }

    /// <summary>Does work for which the engine may use so many threads.</summary>
    internal static void Within(int threads, Action work)
    {
        // Asking first also lets the engine prepare the thread, which would set the number again in the middle of the work.
        int before = get_num_threads();
        if (before == threads)
        {
            work();
            return;
        }
        SetOwn(threads);
        int ofMkl = SetMkl is null ? 0 : SetMkl(threads);
        try
        {
            work();
        }
        finally
        {
            SetOwn(before);
            if (SetMkl is not null) _ = SetMkl(ofMkl);
        }
    }

    private static void Alone(int i, Action<int> part) => Within(1, () =>
    {
        if (Interruptible.IsCalledOff) return;
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        part(i);
    });

    /// <summary>A call of the libraries that the engine came with: it holds for the calling thread alone.</summary>
    private static nint Find(string name)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        Aten.RequireKnownEngine();
        return NativeLibrary.TryLoad("torch_cpu", typeof(Aten).Assembly, null, out nint engine)
            && NativeLibrary.TryGetExport(engine, name, out nint call) ? call : 0;
    }
}
