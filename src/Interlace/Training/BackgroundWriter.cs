namespace Interlace.Training;

/// <summary>
/// Writes files behind the back of the work, one after the other: the next waits for the one before. What went wrong is thrown where
/// somebody waits.
/// </summary>
internal sealed class BackgroundWriter
{
    private Task _writing = Task.CompletedTask;

    /// <summary>Begins to write, when what was begun before is done.</summary>
    public void Begin(Action write)
    {
        Wait();
        _writing = Task.Factory.StartNew(write, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Waits until everything is written. An error of the writing is thrown once.</summary>
    public void Wait()
    {
        Task writing = _writing;
        _writing = Task.CompletedTask;
        writing.GetAwaiter().GetResult();
    }

    /// <summary>Waits until nothing is being written any more, whether it went well or not: where another error is on its way.</summary>
    public void Settle() => Task.WaitAny(_writing);
}
