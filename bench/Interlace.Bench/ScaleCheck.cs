using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Interlace.Bench;

/// <summary>
/// The simulation of <see cref="Scale"/> held against two real ranks on this machine, one thread each, with the demo's model. What a
/// command takes before and behind its work is measured by the same command with next to no work, and taken off.
/// </summary>
internal static class ScaleCheck
{
    private const int Rounds = 2, BatchTokens = 2048, SamplesPerStep = 32, Steps = 30;
    private const double Latency = 2e-5;   // a message through shared memory, and the look for it

    private static readonly string[] OnTwo = ["--allow-run-as-root", "--oversubscribe", "-n", "2", Repository.Program];

    /// <summary>Prints the table.</summary>
    public static void Run()
    {
        string scratch = Files.Scratch(), data = Path.Combine(Repository.Demo, "finevision");
        string plan = Path.Combine(scratch, "plan.json"), pruned = Path.Combine(scratch, "pruned");
        int run = 0;
        try
        {
            QuarterPlan.Write(Repository.DemoModel, plan);
            Processes.Interlace("prune", Repository.DemoModel, "--plan", plan, "--out", pruned);
            Stage calibration = Measured("calibration", ["calibrate", Repository.DemoModel, "--data", data, "--rate", "1", "--set",
                $"calibrate.batch_tokens={BatchTokens}"], ["--set", "calibrate.fraction=0.25"], ["--set", "calibrate.fraction=0.001"]);
            Stage answers = Measured("questions", ["evaluate", Repository.DemoModel, "--benchmarks",
                Path.Combine(Repository.Demo, "benchmarks")], [], ["--limit", "1"]);
            Stage tuning = Measured("tuning", ["finetune", pruned, "--data", data, "--rate", "1"],
                ["--max-steps", $"{Steps}"], ["--max-steps", "1"]);

            JsonObject[] log = [.. File.ReadLines(Path.Combine(tuning.Folder, "train.jsonl"))
                .Select(line => (JsonObject)JsonNode.Parse(line)!)];
            double tokens = log.Sum(row => (double)row["tokens"]!), mean = tokens / log.Sum(row => (double)row["samples"]!);
            double measured = (double)Json(calibration, "similarity.json")["samples"]!;
            double weights = (double)Json(tuning, "training.json")["tuned_weights"]!;
            int batches = (int)Math.Ceiling(measured * mean / BatchTokens), questions = Questions();
            double bandwidth = Bandwidth();
            calibration = calibration with { Predicted = Scale.Calibration(2, batches, calibration.One / batches, Latency) };
            answers = answers with { Predicted = Scale.Answers(2, questions, mean) };
            tuning = tuning with
            {
                Predicted = Scale.Tuning(2, tuning.One / tokens, sizeof(float) * weights, bandwidth, Latency, SamplesPerStep, mean),
            };
            Say(string.Create(CultureInfo.InvariantCulture, $"{bandwidth / 1e9:0.0} GB/s between two ranks, {mean:0} tokens a sample, "
                + $"{batches} batches, {questions} questions, "
                + $"{log.Length} steps over {weights / 1e6:0.0} million weights; medians of {Rounds} rounds, in turns"));
            Say("| stage | one rank | two ranks | share of perfect speed-up, predicted | measured |");
            Say("|---|---:|---:|---:|---:|");
            foreach (var stage in new[] { calibration, answers, tuning })
            {
                Say(string.Create(CultureInfo.InvariantCulture, $"| {stage.Name} | {stage.One:0.0} s | {stage.Two:0.0} s | "
                    + $"{stage.Predicted:0 %} | {stage.One / stage.Two / 2:0 %} |"));
            }
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }

        Stage Measured(string name, string[] command, string[] much, string[] little)
        {
            var (one, two) = (new List<double>(), new List<double>());
            string folder = "";
            double Seconds(bool onTwo, string[] amount)
            {
                folder = Path.Combine(scratch, $"{command[0]}-{run++}");
                string[] arguments = [.. command, .. amount, "--dtype", "fp32", "--threads", "1", "--quiet", "--out", folder];
                return (onTwo ? Processes.Run("mpirun", [.. OnTwo, .. arguments]) : Processes.Interlace(arguments)).Seconds;
            }
            for (int round = 0; round < Rounds; round++)
            {
                one.Add(-Seconds(onTwo: false, little) + Seconds(onTwo: false, much));
                two.Add(-Seconds(onTwo: true, little) + Seconds(onTwo: true, much));
            }
            return new(name, folder, Turns.Median(one), Turns.Median(two), 0);
        }
    }

    private static JsonNode Json(Stage stage, string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(stage.Folder, file)))!;

    private static int Questions() => Directory.EnumerateFiles(Path.Combine(Repository.Demo, "benchmarks"), "*.tsv")
        .Sum(path => File.ReadLines(path).Count(line => line.Length > 0) - 1);

    /// <summary>Bytes in a second of a sum over two ranks, as <c>doctor</c> measures it.</summary>
    private static double Bandwidth()
    {
        string said = (string)JsonNode.Parse(Processes.Run("mpirun", [.. OnTwo, "doctor", "--json", "--threads", "1"]).Output)!
            ["machine"]!["ranks"]!;
        return 1e9 * double.Parse(Regex.Match(said, "([0-9.]+) GB/s").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static void Say(string line) => Console.WriteLine(line);

    /// <summary>A stage on one rank and on two.</summary>
    /// <param name="Name">The stage.</param>
    /// <param name="Folder">What its last run wrote.</param>
    /// <param name="One">Seconds of its work on one rank.</param>
    /// <param name="Two">On two.</param>
    /// <param name="Predicted">Share of perfect speed-up by the simulation.</param>
    private sealed record Stage(string Name, string Folder, double One, double Two, double Predicted);
}
