namespace Interlace.Vlm.Images;

/// <summary>How many decoded pixels all threads together may hold. A thread that would hold more waits for the others.</summary>
/// <param name="pixels">So many at once; one picture may not have more.</param>
internal sealed class PixelBudget(long pixels)
{
    private readonly object _gate = new();
    private long _free = pixels;

    /// <summary>Takes pixels until the result is disposed. A thread takes once at a time, so that no two wait for each other.</summary>
    public IDisposable Take(long count)
    {
        lock (_gate)
        {
            while (count > _free) Monitor.Wait(_gate);
            _free -= count;
        }
        return new Held(this, count);
    }

    private void Return(long count)
    {
        lock (_gate)
        {
            _free += count;
            Monitor.PulseAll(_gate);
        }
    }

    private sealed class Held(PixelBudget budget, long count) : IDisposable
    {
        public void Dispose() => budget.Return(count);
    }
}
