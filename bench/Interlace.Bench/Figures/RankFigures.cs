namespace Interlace.Bench.Figures;

/// <summary>Two ranks of one thread each against one, on the demo's model: whole commands, in turns.</summary>
internal static class RankFigures
{
    private const int Rounds = 3;

    /// <summary>How many times as fast two ranks are.</summary>
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
                var (one, two) = (new List<double>(), new List<double>());
                for (int round = 0; round < Rounds; round++)
                {
                    string Out(string ranks) => Path.Combine(scratch, $"{arguments[0]}-{ranks}-{round}");
                    one.Add(Processes.Interlace([.. arguments, "--threads", "1", "--quiet", "--out", Out("one")]).Seconds);
                    two.Add(Processes.Run("mpirun", ["--allow-run-as-root", "-n", "2", Repository.Program, .. arguments, "--threads", "1",
                        "--quiet", "--out", Out("two")]).Seconds);
                }
                yield return Figure.Of($"two ranks of a thread against one: {name}", aim, ("one rank", one), ("two", two), Turns.Time);
            }
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }
}
