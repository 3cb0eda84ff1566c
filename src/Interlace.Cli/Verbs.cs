namespace Interlace.Cli;

/// <summary>The table of commands, in the order in which the help lists them.</summary>
internal static class Verbs
{
    private static readonly (string Name, Func<Verb> Create)[] Table =
    [
        ("demo", RunCommand.CreateDemo),
        ("run", RunCommand.Create),
        ("paper", PaperCommand.Create),
        ("fetch", FetchCommand.Create),
        ("sample", SampleCommand.Create),
        ("benchmarks", BenchmarksCommand.Create),
        ("import", ImportCommand.Create),
        ("export", ExportCommand.Create),
        ("calibrate", CalibrateCommand.Create),
        ("plan", PlanCommand.Create),
        ("prune", PruneCommand.Create),
        ("verify", VerifyCommand.Create),
        ("finetune", FinetuneCommand.Create),
        ("sparsify", SparsifyCommand.Create),
        ("evaluate", EvaluateCommand.Create),
        ("score", ScoreCommand.Create),
        ("compare", CompareCommand.Create),
        ("latency", LatencyCommand.Create),
        ("report", ReportCommand.Create),
        ("card", CardCommand.Create),
        ("generate", GenerateCommand.Create),
        ("serve", ServeCommand.Create),
        ("trace", TraceCommand.Create),
        ("inspect", InspectCommand.Create),
        ("doctor", DoctorCommand.Create),
        ("completion", CompletionCommand.Create),
    ];

    /// <summary>The names of all commands.</summary>
    public static IEnumerable<string> Names => Table.Select(row => row.Name);

    /// <summary>All commands.</summary>
    public static Verb[] Create() => [.. Table.Select(row => row.Create())];

    /// <summary>The command of a name; null where there is none.</summary>
    public static Verb? Create(string name) => Table.FirstOrDefault(row => row.Name == name).Create?.Invoke();
}
