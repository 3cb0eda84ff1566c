using Interlace.Evaluation.Tables;

namespace Interlace.Bench.Figures;

/// <summary>Commands as a user types them: the demo, the start of the program, and tuning beside busy processes.</summary>
internal static class CommandFigures
{
    /// <summary>All of the demo.</summary>
    public static IEnumerable<Figure> Demo()
    {
        string scratch = Files.Scratch();
        try
        {
            var taken = Processes.Interlace("demo", "--out", Path.Combine(scratch, "demo"));
            yield return Seconds("`interlace demo`, all of it", 60, [taken.Seconds]);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>
    /// Three small pieces of work on the demo's model: from the start of the program to its end, and to an answer's first word.
    /// </summary>
    public static IEnumerable<Figure> Start()
    {
        string scratch = Files.Scratch(), image = Path.Combine(scratch, "image.png");
        string table = Directory.EnumerateFiles(Path.Combine(Repository.Demo, "benchmarks"), "*.tsv").Order(StringComparer.Ordinal).First();
        using (var rows = BenchmarkTable.Open(table)) File.WriteAllBytes(image, rows.Images(rows.Rows[0])[0]);
        string[] version = ["--version"], inspect = ["inspect", Repository.DemoModel];
        string[] generate = ["generate", Repository.DemoModel, "What is this?", "--image", image];
        foreach (var (name, limit, run) in new (string, double, Func<double>)[]
        {
            ("`--version`, to the end", 0.15, () => Processes.Interlace(version).Seconds),
            ("`inspect`, to the end", 0.3, () => Processes.Interlace(inspect).Seconds),
            ("`generate`, to the first word", 0.6, () => Processes.FirstWord(Repository.Program, generate)),
            ("`generate`, to the end", 0.6, () => Processes.Interlace(generate).Seconds),
        })
        {
            double[] seconds = [.. Enumerable.Range(-1, 8).Select(_ => run()).Skip(1)];
            yield return Seconds($"start: {name}", limit, seconds);
        }
        Directory.Delete(scratch, recursive: true);
    }

    /// <summary>Tuning beside two busy processes with the threads that the program takes by itself, against one thread.</summary>
    public static IEnumerable<Figure> Busy()
    {
        const int rounds = 3;
        string scratch = Files.Scratch();
        var busy = Enumerable.Range(0, 2).Select(_ => Processes.Start("sh", "-c", "while :; do :; done")).ToArray();
        try
        {
            string plan = Path.Combine(scratch, "plan.json"), pruned = Path.Combine(scratch, "pruned");
            QuarterPlan.Write(Repository.DemoModel, plan);
            Processes.Interlace("prune", Repository.DemoModel, "--plan", plan, "--out", pruned);
            double Tune(int round, params string[] threads) => Processes.Interlace(["finetune", pruned, "--data",
                Path.Combine(Repository.Demo, "finevision"), "--rate", "1", "--set", "finetune.max_steps=20",
                "--out", Path.Combine(scratch, $"tuned-{round}-{threads.Length}"), .. threads]).Seconds;
            var (own, one) = (new List<double>(), new List<double>());
            for (int round = 0; round < rounds; round++)
            {
                own.Add(Tune(round));
                one.Add(Tune(round, "--threads", "1"));
            }
            yield return Figure.Of("20 steps of tuning the demo's model beside two busy processes", "<= 1", ("as it is", own),
                ("one thread", one), Turns.Time);
        }
        finally
        {
            foreach (var process in busy)
            {
                process.Kill();
                process.Dispose();
            }
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>Some twenty samples calibrated and a short answer: time and memory of the program against a folder's size.</summary>
    /// <param name="model">A model folder, the bigger the better.</param>
    public static IEnumerable<Figure> Folder(string model)
    {
        string scratch = Files.Scratch(), data = Path.Combine(Repository.Demo, "finevision");
        long bytes = Files.Bytes(model);
        try
        {
            foreach (var (what, arguments) in new (string, string[])[]
            {
                ("`calibrate`, two thirds of a percent of the demo's samples", ["calibrate", model, "--data", data, "--rate", "1",
                    "--set", "calibrate.fraction=0.0067", "--out", Path.Combine(scratch, "run")]),
                ("`generate`, 8 tokens", ["generate", model, "Name a colour.", "--max-new-tokens", "8"]),
            })
            {
                var taken = Processes.Interlace(arguments);
                double read = Turns.Seconds(() => Processes.Run("sh", "-c", "cat \"$0\"/*.safetensors > /dev/null", model));
                string name = $"{what}, a folder of {Turns.Size(bytes)}";
                yield return Figure.Of($"{name}: time against reading it", "-", ("taken", [taken.Seconds]), ("read", [read]), Turns.Time);
                yield return Figure.Of($"{name}: memory, mapped pages included", "< 24 GB", ("peak", [taken.Peak]), ("folder", [bytes]),
                    Turns.Size);
            }
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static Figure Seconds(string what, double limit, double[] seconds) => Figure.Of(what, $"< {limit} s", ("taken", seconds),
        ("limit", [.. seconds.Select(_ => limit)]), Turns.Time);
}
