using System.Runtime.ExceptionServices;
using Interlace.Vlm.Engine.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>
/// Pieces of work that go on at the same time on a CPU, each with its share of the engine's threads: the operators of a small model are too
/// small to be shared by several threads. What a part computes does not depend on the threads; where it adds to what others add to, it
/// waits its turn (<see cref="Turn"/>).
/// </summary>
public sealed class SideBySide
{
    private readonly object _state = new();
    private readonly int[] _at;   // by part the step that it has passed last; they go down
    private ExceptionDispatchInfo? _fault;

    private SideBySide(int count)
    {
        _at = new int[count];
        Array.Fill(_at, int.MaxValue);
    }

    /// <summary>Runs parts 0, 1, .. count - 1: the last one on the calling thread, all of them there where threads are too few.</summary>
    /// <param name="count">How many.</param>
    /// <param name="part">The work of a part.</param>
    /// <exception cref="Exception">What went wrong first in one of them; the others then end at their next turn.</exception>
    public static void Run(int count, Action<Turn> part)
    {
        var all = new SideBySide(count);
        int threads = get_num_threads();
        if (count == 1 || threads < count || !Workers.AreOurs)
        {
            for (int i = 0; i < count; i++) all.Work(i, part);
        }
        else
        {
            void Held(int i) => Workers.Within(threads / count, () => all.Work(i, part));
            // Threads of their own: those of the pool may all be busy with samples.
            Task[] others = [.. Enumerable.Range(0, count - 1).Select(i => Task.Factory.StartNew(() => Held(i), CancellationToken.None,
                TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            Held(count - 1);
            Task.WaitAll(others);
        }
        all._fault?.Throw();
    }

    /// <summary>Cuts a list into two of about one size; it stays whole where it cannot be cut, or goes in one part.</summary>
    /// <param name="all">What goes through a model.</param>
    /// <param name="size">The size of one.</param>
    /// <param name="parts">In how many parts, one or two.</param>
    /// <returns>One or two parts, in order.</returns>
    public static IReadOnlyList<T>[] Halves<T>(IReadOnlyList<T> all, Func<T, long> size, int parts)
    {
        if (all.Count < 2 || parts == 1) return [all];
        long half = all.Sum(size) / 2, before = 0;
        int cut = Math.Clamp(all.TakeWhile(one => (before += size(one)) <= half).Count(), 1, all.Count - 1);
        return [[.. all.Take(cut)], [.. all.Skip(cut)]];
    }

    private void Work(int index, Action<Turn> work)
    {
        try
        {
            if (_fault is null) work(new(this, index));
        }
        catch (Exception e)   // whatever it is, it is thrown where all parts end
        {
            lock (_state) _fault ??= ExceptionDispatchInfo.Capture(e);
        }
        Pass(index, int.MinValue);
    }

    private void Wait(int index, int step)
    {
        if (index == 0) return;
        lock (_state)
        {
            while (_fault is null && _at[index - 1] > step) Monitor.Wait(_state);
            if (_fault is not null) throw new OperationCanceledException("another part has failed");
        }
    }

    private void Pass(int index, int step)
    {
        lock (_state)
        {
            _at[index] = step;
            Monitor.PulseAll(_state);
        }
    }

    /// <summary>A part, which takes its turn behind the one before it.</summary>
    /// <param name="all">All of them.</param>
    /// <param name="index">0-based.</param>
    public readonly struct Turn(SideBySide all, int index)
    {
        /// <summary>Its place, 0-based.</summary>
        public int Index => index;

        /// <summary>Waits until the part before it has passed a step, or ended; the first part never waits.</summary>
        public void Wait(int step) => all.Wait(index, step);

        /// <summary>Says that this part has passed a step; steps go down.</summary>
        public void Pass(int step) => all.Pass(index, step);
    }
}
