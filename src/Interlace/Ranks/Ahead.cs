using System.Collections.Concurrent;

namespace Interlace.Ranks;

/// <summary>The next element of a sequence made while one is used.</summary>
internal static class Ahead
{
    /// <summary>The elements in their order; one is made ahead, on a thread of its own.</summary>
    /// <param name="sequence">Enumerated on that thread alone.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    public static IEnumerable<T> Of<T>(IEnumerable<T> sequence, CancellationToken cancellation)
    {
        using var ready = new BlockingCollection<T>(boundedCapacity: 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var making = Task.Factory.StartNew(() =>
        {
            try
            {
                foreach (T element in sequence) ready.Add(element, stop.Token);
            }
            finally
            {
                ready.CompleteAdding();
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (T element in ready.GetConsumingEnumerable(stop.Token)) yield return element;
            making.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
            Task.WhenAny(making).Wait(CancellationToken.None);
        }
    }
}
