using System.Runtime.InteropServices;

namespace Interlace.Cli;

/// <summary>Turns the first Ctrl-C (or request to end) into a cancellation; the second one kills the program.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _signals = [];

    public Interrupt(TextWriter error)
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                if (_source.IsCancellationRequested) return;   // the second time the system's own handling ends the program
                context.Cancel = true;
                error.WriteLine();
                error.WriteLine("Ending after the current step; once more to end at once.");
                _source.Cancel();
            }));
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _source.Dispose();
    }
}
