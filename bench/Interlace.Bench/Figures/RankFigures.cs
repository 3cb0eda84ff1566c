namespace Interlace.Bench.Figures;

/// <summary>
/// Two ranks of one thread each against one, on the demo's model: whole commands, in turns. Every process has one core. Beside it the work
/// alone, which is what a command takes longer than the same one with little to do; and what the machine allows: two processes that know
/// nothing of each other, at the same time, do twice the work in so much less than twice the time.
/// </summary>
internal static class RankFigures
{
    private const int Rounds = 3;

    /// <summary>How many times as fast two ranks are, and two separate processes.</summary>
    public static IEnumerable<Figure> Run()
    {
        string scratch = Files.Scratch(), data = Path.Combine(Repository.Demo, "finevision");
        string plan = Path.Combine(scratch, "plan.json"), pruned = Path.Combine(scratch, "pruned");
        try
        {
            QuarterPlan.Write(Repository.DemoModel, plan);
            Processes.Interlace("prune", Repository.DemoModel, "--plan", plan, "--out", pruned);
            string[] calibrate = ["calibrate", Repository.DemoModel, "--data", data, "--rate", "1", "--set"];
            string[] evaluate = ["evaluate", Repository.DemoModel, "--benchmarks", Path.Combine(Repository.Demo, "benchmarks")];
            string[] finetune = ["finetune", pruned, "--data", data, "--rate", "1", "--max-steps"];
            foreach (var (name, aim, much, little) in new (string, string, string[], string[])[]
            {
                ("calibration of half of the data", ">= 1.8", [.. calibrate, "calibrate.fraction=0.5"],
                    [.. calibrate, "calibrate.fraction=0.01"]),
                ("all questions of the demo", ">= 1.8", evaluate, [.. evaluate, "--limit", "4"]),
                ("40 steps of tuning", ">= 1.6", [.. finetune, "40"], [.. finetune, "2"]),
            })
            {
                var (one, two, half) = (new List<double>(), new List<double>(), new List<double>());
                var (oneStart, twoStart) = (new List<double>(), new List<double>());
                for (int round = 0; round < Rounds; round++)
                {
                    string[] Command(string name, string[] arguments) => [Repository.Program, .. arguments, "--dtype", "fp32",
                        "--threads", "1", "--quiet", "--out", Path.Combine(scratch, $"{arguments[0]}-{name}-{round}")];
                    double One(string name, string[] arguments) =>
                        Processes.Run("taskset", ["-c", "0", .. Command(name, arguments)]).Seconds;
                    double Two(string name, string[] arguments) =>
                        Processes.Run("mpirun", ["--allow-run-as-root", "-n", "2", .. Command(name, arguments)]).Seconds;
                    void Bound(int core) => Processes.Run("taskset", ["-c", $"{core}", .. Command($"bound-{core}", much)]);
                    oneStart.Add(One("one-little", little));
                    twoStart.Add(Two("two-little", little));
                    one.Add(One("one", much));
                    two.Add(Two("two", much));
                    half.Add(Turns.Seconds(() => Parallel.For(0, 2, Bound)) / 2);
                }
                static double[] Less(List<double> whole, List<double> start) => [.. whole.Zip(start, (all, some) => all - some)];
                yield return Figure.Of($"two ranks of a thread against one: {name}", aim, ("one rank", one), ("two", two), Turns.Time);
                yield return Figure.Of($"the work alone: {name}", aim, ("one rank", Less(one, oneStart)), ("two", Less(two, twoStart)),
                    Turns.Time);
                yield return Figure.Of($"with little to do: {name}", "-", ("one rank", oneStart), ("two", twoStart), Turns.Time);
                yield return Figure.Of($"what the machine allows: {name}", "-", ("one process", one), ("half of two at once", half),
                    Turns.Time);
            }
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }
}
