namespace Interlace.Bench.Figures;

/// <summary>
/// Two ranks of one thread each against one, on the demo's model: whole commands, in turns. Every process has one core. Beside it what the
/// machine allows: two processes that know nothing of each other, at the same time, do twice the work in so much less than twice the time.
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
            foreach (var (name, aim, arguments) in new (string, string, string[])[]
            {
                ("calibration of a third of the data", ">= 1.8", ["calibrate", Repository.DemoModel, "--data", data, "--rate", "1",
                    "--set", "calibrate.fraction=0.33", "--dtype", "fp32"]),
                ("all questions of the demo", ">= 1.8", ["evaluate", Repository.DemoModel, "--benchmarks",
                    Path.Combine(Repository.Demo, "benchmarks"), "--dtype", "fp32"]),
                ("40 steps of tuning", ">= 1.6", ["finetune", pruned, "--data", data, "--rate", "1", "--max-steps", "40",
                    "--dtype", "fp32"]),
            })
            {
                var (one, two, half) = (new List<double>(), new List<double>(), new List<double>());
                for (int round = 0; round < Rounds; round++)
                {
                    string[] Command(string name) => [Repository.Program, .. arguments, "--threads", "1", "--quiet",
                        "--out", Path.Combine(scratch, $"{arguments[0]}-{name}-{round}")];
                    void Bound(int core) => Processes.Run("taskset", ["-c", $"{core}", .. Command($"bound-{core}")]);
                    one.Add(Processes.Run("taskset", ["-c", "0", .. Command("one")]).Seconds);
                    two.Add(Processes.Run("mpirun", ["--allow-run-as-root", "-n", "2", .. Command("two")]).Seconds);
                    half.Add(Turns.Seconds(() => Parallel.For(0, 2, Bound)) / 2);
                }
                yield return Figure.Of($"two ranks of a thread against one: {name}", aim, ("one rank", one), ("two", two), Turns.Time);
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
