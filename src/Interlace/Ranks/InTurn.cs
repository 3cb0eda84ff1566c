using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Interlace.Ranks;

/// <summary>
/// Calls to the other ranks, or to the disk, one after the other in the order in which they are begun, which is the same on all ranks: at
/// once, or on a thread of their own while the caller computes. In between the caller itself calls no rank.
/// </summary>
internal sealed class InTurn : IDisposable
{
    private readonly BlockingCollection<Action>? _begun;   // not disposed: a thread that waits for a fallen rank may still hold it
    private readonly Lock _state = new();
    private readonly ManualResetEventSlim _moved = new();
    private readonly Task _thread = Task.CompletedTask;
    private readonly bool _waits;
    private long _count, _done;
    private Exception? _fault;

    /// <param name="behind">On a thread of their own.</param>
    /// <param name="waits">At the end what was begun is waited for; never where another rank may have fallen.</param>
    public InTurn(bool behind, bool waits = false)
    {
        (IsBehind, _waits) = (behind, waits);
        if (!behind) return;
        _begun = [];
        _thread = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The caller computes meanwhile.</summary>
    public bool IsBehind { get; }

    /// <summary>Begins a call, which frees what it makes.</summary>
    /// <returns>Its number, for <see cref="Wait(long)"/>.</returns>
    public long Begin(Action call)
    {
        if (_begun is null) call();
        else _begun.Add(call);
        return ++_count;
    }

    /// <summary>Waits until all that was begun is done; what went wrong there is thrown here.</summary>
    public void Wait() => Wait(_count);

    /// <summary>Waits until a call and all before it are done; what went wrong there is thrown here.</summary>
    public void Wait(long call)
    {
        if (_begun is null) return;
        while (true)
        {
            lock (_state)
            {
                if (_fault is { } fault) ExceptionDispatchInfo.Throw(fault);
                if (_done >= call) return;
                _moved.Reset();
            }
            _moved.Wait();
        }
    }

    /// <summary>Ends the thread when it has done what was begun.</summary>
    public void Dispose()
    {
        _begun?.CompleteAdding();
        if (_waits) _thread.Wait();
    }

    private void Work()
    {
        foreach (var call in _begun!.GetConsumingEnumerable())
        {
            Exception? fault = null;
            try
            {
                call();
            }
            catch (Exception e)   // whatever it is belongs to who waits
            {
                fault = e;
            }
            lock (_state)
            {
                (_done, _fault) = (_done + 1, fault);
                _moved.Set();
            }
            if (fault is not null) return;
        }
    }
}
