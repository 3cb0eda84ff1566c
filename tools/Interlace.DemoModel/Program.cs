using System.Runtime.InteropServices;
using Interlace.DemoModel;
using Interlace.Vlm;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
try
{
    return new Commands(Console.Out, Console.Error, stop.Token).Run(args);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("Interrupted. The same command goes on from here.");
    return 130;
}
catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

// The second time the system's own handling ends the program.
void Cancel(PosixSignalContext context)
{
    if (stop.IsCancellationRequested) return;
    context.Cancel = true;
    Console.Error.WriteLine("Ending after the current step; once more to end at once.");
    stop.Cancel();
}
