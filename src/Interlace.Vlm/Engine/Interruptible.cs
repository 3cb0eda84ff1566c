namespace Interlace.Vlm.Engine;

/// <summary>
/// Work that can be called off in the middle of a large product: from then on blocks are left out (<see cref="Kernels.Workers"/>), also
/// within a gradient, where nothing may be thrown through the engine. The work throws at its end, so nobody sees what was not computed.
/// </summary>
public static class Interruptible
{
    private static readonly AsyncLocal<CancellationToken> Current = new();

    /// <summary>What goes on here has been called off.</summary>
    internal static bool IsCalledOff => Current.Value.IsCancellationRequested;

    /// <summary>Does work.</summary>
    /// <param name="work">The work; its large products end early.</param>
    /// <param name="cancellation">Calls it off.</param>
    /// <exception cref="OperationCanceledException">It was called off: what it gave is worth nothing.</exception>
    public static T Run<T>(Func<T> work, CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled) return work();
        CancellationToken before = Current.Value;
        Current.Value = cancellation;
        try
        {
            T result = work();
            if (cancellation.IsCancellationRequested) (result as IDisposable)?.Dispose();
            cancellation.ThrowIfCancellationRequested();
            return result;
        }
        finally
        {
            Current.Value = before;
        }
    }
}
