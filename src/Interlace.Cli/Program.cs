using Interlace.Cli;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

// What mpirun gives its processes looks like a terminal, and leads into a pipe or a file as often as not.
if (Launch.IsOneOfSeveral(Environment.GetEnvironmentVariable)) Environment.SetEnvironmentVariable("TERM", "dumb");
var terminal = Terminal.OfConsole();
RankGroup ranks;
try
{
    ProcessLimits.CheckOpenFiles();
    ranks = RankGroup.Join();
}
catch (InputException e)
{
    terminal.Error.WriteLine(e.Message);
    return ExitCode.WrongInput;
}
MappedFileCutShort.SayIt();
int code = ranks.Leads ? Lead() : Member.Run(ranks, args, terminal);
NativeSettings.SkipDestructors();   // of the engine, which takes 0.2 s to take itself apart
return code;

int Lead()
{
    using var interrupt = new Interrupt(terminal.Error);
    int code = CommandLine.Run(args, terminal, interrupt.Token, ranks: ranks);
    ranks.End(code);
    return code;
}
