using Interlace.Cli;

using var interrupt = new Interrupt(Console.Error);
return CommandLine.Run(args, Terminal.OfConsole(), interrupt.Token);
