namespace Interlace.Cli;

/// <summary>The table of commands, in the order in which the help lists them.</summary>
internal static class Verbs
{
    public static Verb[] Create() =>
    [
        DoctorCommand.Create(),
        InspectCommand.Create(),
        GenerateCommand.Create(),
        TraceCommand.Create(),
    ];
}
