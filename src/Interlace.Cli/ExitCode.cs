namespace Interlace.Cli;

/// <summary>How the program ends.</summary>
internal static class ExitCode
{
    public const int Done = 0, OurFault = 1, WrongInput = 2, Interrupted = 130;
}
