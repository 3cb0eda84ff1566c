using Interlace.Vlm.Images;

namespace Interlace.Tests.Images;

public class PixelBudgetTests
{
    [Fact]
    public async Task Threads_never_hold_more_than_there_is()
    {
        var budget = new PixelBudget(100);
        long held = 0, most = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                int count = 1 + (thread * 37 + i * 13) % 100;
                using (budget.Take(count))
                {
                    long now = Interlocked.Add(ref held, count);
                    for (long seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
                        Interlocked.CompareExchange(ref most, now, seen);
                    Thread.Yield();
                    Interlocked.Add(ref held, -count);
                }
            }
        }, TestContext.Current.CancellationToken)));
        Assert.InRange(most, 1, 100);
        using var all = budget.Take(100);   // all of it has come back
    }
}
