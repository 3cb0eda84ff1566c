using Interlace.Cli;
using Interlace.Ranks;
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
RankGroup ranks;
try
{
    ranks = RankGroup.Join();
}
catch (InputException e)
{
    terminal.Error.WriteLine(e.Message);
    return ExitCode.WrongInput;
}
if (!ranks.Leads) return Member.Run(ranks, args, terminal);
using var interrupt = new Interrupt(terminal.Error);
int code = CommandLine.Run(args, terminal, interrupt.Token, ranks: ranks);
ranks.End(code);
return code;
