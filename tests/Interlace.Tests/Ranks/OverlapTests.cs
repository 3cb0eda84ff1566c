using System.Collections.Concurrent;
using Interlace.Ranks;
using Interlace.Vlm;

namespace Interlace.Tests.Ranks;

/// <summary>Calls to other ranks behind the caller's back: when, in which order, and what becomes of faults.</summary>
public class OverlapTests
{
    [Theory]
    [InlineData(null, true, 2, 1, 2, false), InlineData(null, true, 2, 1, 4, true), InlineData("", true, 1, 3, 4, true)]
    [InlineData(null, false, 1, 1, 64, false), InlineData("on", true, 4, 8, 2, true), InlineData("off", true, 1, 1, 64, false)]
    public void A_rank_with_a_core_to_spare_is_called_while_it_computes(string? variable, bool onCpu, int ranks, int threads, int cores,
        bool expected) => Assert.Equal(expected, Overlap.IsWanted(variable, onCpu, ranks, threads, cores));

    [Fact]
    public void Another_value_is_refused() => Assert.Contains("choose on or off",
        Assert.Throws<InputException>(() => Overlap.IsWanted("yes", true, 1, 1, 1)).Message, StringComparison.Ordinal);

    [Theory, InlineData(false), InlineData(true)]
    public void Calls_are_made_in_the_order_in_which_they_are_begun(bool behind)
    {
        using var calls = new InTurn(behind);
        var made = new ConcurrentQueue<int>();
        long[] numbers = [.. Enumerable.Range(0, 50).Select(i => calls.Begin(() => made.Enqueue(i)))];
        calls.Wait(numbers[9]);
        Assert.Equal(Enumerable.Range(0, 10), made.ToArray().Take(10));
        calls.Wait();
        Assert.Equal(Enumerable.Range(0, 50), made);
    }

    [Fact]
    public void A_call_waits_for_nobody_and_its_fault_is_thrown_where_somebody_waits()
    {
        using var calls = new InTurn(behind: true);
        using var gate = new ManualResetEventSlim();
        bool later = false;
        calls.Begin(() =>
        {
            gate.Wait(TestContext.Current.CancellationToken);
            throw new IOException("the other rank fell");
        });
        calls.Begin(() => later = true);
        gate.Set();   // reached only because beginning did not wait
        Assert.Equal("the other rank fell", Assert.Throws<IOException>(calls.Wait).Message);
        Assert.False(later);
    }
}
