using Interlace.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

var terminal = Terminal.OfConsole();
try
{
    ProcessLimits.CheckOpenFiles();
}
catch (InputException e)
{
    terminal.Error.WriteLine(e.Message);
    return ExitCode.WrongInput;
}
MappedFileCutShort.SayIt();
using var interrupt = new Interrupt(terminal.Error);
return CommandLine.Run(args, terminal, interrupt.Token);
