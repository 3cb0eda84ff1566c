using Interlace.Training;

namespace Interlace.Tests.Training;

public class BackgroundWriterTests
{
    [Fact]
    public async Task The_next_piece_waits_for_the_one_before()
    {
        var writer = new BackgroundWriter();
        using var gate = new ManualResetEventSlim();
        var order = new List<int>();
        writer.Begin(() =>
        {
            gate.Wait();
            order.Add(1);
        });
        Task next = Task.Run(() => writer.Begin(() => order.Add(2)), TestContext.Current.CancellationToken);
        Assert.NotSame(next, await Task.WhenAny(next, Task.Delay(100, TestContext.Current.CancellationToken)));
        gate.Set();
        await next;
        writer.Wait();
        Assert.Equal([1, 2], order);
    }

    [Fact]
    public void What_went_wrong_is_thrown_once_where_somebody_waits()
    {
        var writer = new BackgroundWriter();
        writer.Begin(() => throw new IOException("disk full"));
        writer.Settle();
        Assert.Equal("disk full", Assert.Throws<IOException>(() => writer.Begin(() => { })).Message);
        writer.Wait();
    }
}
