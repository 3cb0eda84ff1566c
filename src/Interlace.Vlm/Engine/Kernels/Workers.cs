using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Independent parts of one piece of work, shared over as many threads as the engine may use. Within a part the engine has one thread:
/// what a part gives depends on the part alone, and never on how many threads there are.
/// </summary>
internal static unsafe class Workers
{
    private static readonly delegate* unmanaged<int, void> SetOwn = FindSetOwn();

    /// <summary>The engine can be held to one thread within a part.</summary>
    public static bool AreOurs => SetOwn is not null;

    /// <summary>
    /// Runs the parts 0, 1, .. count - 1, in any order, without gradients. What a part makes in the engine is freed behind it.
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
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, part);
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    /// <summary>How many threads the engine may use for what the calling thread asks of it.</summary>
    internal static void Allow(int threads) => SetOwn(threads);

    private static void Alone(int i, Action<int> part)
    {
        // Asking first also lets the engine prepare the thread, which would set the number again in the middle of the part.
        int threads = get_num_threads();
        if (threads > 1) Allow(1);
        try
        {
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            part(i);
        }
        finally
        {
            if (threads > 1) Allow(threads);
        }
    }

    /// <summary>OpenMP's own call, of the library that the engine came with: it holds for the calling thread alone.</summary>
    private static delegate* unmanaged<int, void> FindSetOwn()
    {
        if (!OperatingSystem.IsLinux()) return null;
        Aten.RequireKnownEngine();
        return NativeLibrary.TryLoad("torch_cpu", typeof(Aten).Assembly, null, out nint engine)
            && NativeLibrary.TryGetExport(engine, "omp_set_num_threads", out nint call) ? (delegate* unmanaged<int, void>)call : null;
    }
}
