namespace Interlace.Cli;

/// <summary>The table of commands, in the order in which the help lists them.</summary>
internal static class Verbs
{
    public static Verb[] Create() =>
    [
        RunCommand.CreateDemo(),
        RunCommand.Create(),
        PaperCommand.Create(),
        FetchCommand.Create(),
        SampleCommand.Create(),
        BenchmarksCommand.Create(),
        ImportCommand.Create(),
        CalibrateCommand.Create(),
        PlanCommand.Create(),
        PruneCommand.Create(),
        VerifyCommand.Create(),
        FinetuneCommand.Create(),
        SparsifyCommand.Create(),
        EvaluateCommand.Create(),
        ScoreCommand.Create(),
        CompareCommand.Create(),
        LatencyCommand.Create(),
        ReportCommand.Create(),
        GenerateCommand.Create(),
        TraceCommand.Create(),
        InspectCommand.Create(),
        DoctorCommand.Create(),
    ];
}
