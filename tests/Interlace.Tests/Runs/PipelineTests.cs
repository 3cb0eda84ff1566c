using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Tests.Cli;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Runs;

/// <summary>A whole small experiment on the demo's model: it leaves the same bytes elsewhere, and however often it is killed or interrupted.</summary>
public sealed class PipelineTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_run_that_is_killed_and_interrupted_in_every_stage_leaves_the_bytes_of_one_that_is_not()
    {
        string experiment = Experiment(), whole = _scratch.At("whole"), broken = _scratch.At("elsewhere", "broken"), work = Path.Combine(broken, "tuned.training");
        var uninterrupted = CommandRun.Of("run", experiment, "--out", whole, "--json");
        Assert.True(uninterrupted.Code == 0, uninterrupted.Error);
        Assert.Equal(["dense", "dropped", "recovered"], uninterrupted.Json()["models"]!.AsObject().Select(model => model.Key));   // standard output holds JSON alone

        await Interrupted(experiment, broken, line => line.StartsWith("calibrate  ", StringComparison.Ordinal));
        Assert.True(OperatingSystem.IsWindows() || File.Exists(Path.Combine(broken, CalibrationStage.StateName)));
        await Killed(experiment, broken, line => line.StartsWith("calibrate  ", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(broken, LayerSimilarity.Name)));
        await Killed(experiment, broken, line => line.StartsWith("plan: ", StringComparison.Ordinal));   // in or about to prune
        await Killed(experiment, broken, _ => Answers(broken, "dense") >= 3);
        Assert.False(File.Exists(Path.Combine(broken, RunFolder.Evaluated, "dense", ScoresFile.Name)));
        await Killed(experiment, broken, _ => File.Exists(Path.Combine(work, "state.safetensors")));
        Assert.False(Directory.Exists(Path.Combine(broken, RunFolder.Tuned)));
        string[] lines = await Interrupted(experiment, broken, line => line.StartsWith("finetune  ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("evaluate dense: done before", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.StartsWith("finetune  1/", StringComparison.Ordinal));   // the saved step is not repeated
        await Killed(experiment, broken, _ => Answers(broken, "recovered") >= 3);
        (int code, string output, lines) = await Finished(Start(experiment, broken, "--quiet", "--json"), null);
        Assert.True(code == 0, string.Join('\n', lines));
        Assert.Empty(lines);
        Assert.NotNull(JsonNode.Parse(output)!["stages"]);
        Same(whole, broken);
    }

    [Fact]
    public async Task An_evaluation_killed_at_ten_random_moments_has_the_scores_of_one_that_was_not()
    {
        string demo = Path.Combine(Shared.Repository, "assets", "demo"), whole = _scratch.At("whole"), broken = _scratch.At("broken");
        const int kills = 10, limit = 25;
        string[] command = ["evaluate", Path.Combine(demo, "model"), "--benchmarks", Path.Combine(demo, "benchmarks"), "--limit", $"{limit}", "--dtype", "fp32", "--threads", "1", "--seed", "4", "--set", "evaluate.max_new_tokens=10", "--set", "evaluate.sampling=qwen"];
        Assert.Equal(0, CommandRun.Of([.. command, "--out", whole]).Code);
        int total = Lines(whole);
        var random = new SplitMix64(10);
        int[] moments = [.. Enumerable.Range(0, total - 10).ToArray().Select(answers => (Order: random.Next(), answers)).OrderBy(pair => pair.Order).Take(kills).Select(pair => pair.answers).Order()];
        foreach (int answers in moments)
        {
            var (code, _, lines) = await Finished(Start([.. command, "--out", broken]), process => process.Kill(), _ => Lines(broken) >= answers);
            Assert.True(code != 0, $"the evaluation ended before it could be killed:\n{string.Join('\n', lines)}");
            Assert.False(File.Exists(Path.Combine(broken, ScoresFile.Name)));
        }
        Assert.Equal(0, (await Finished(Start([.. command, "--out", broken]), null)).Code);
        Assert.Equal(total, Lines(broken));
        Assert.All(Directory.EnumerateFiles(Path.Combine(broken, "times")), file => Assert.Equal(
            EvaluationFolder.ReadAnswers(broken, Path.GetFileNameWithoutExtension(file)).Keys.Order(StringComparer.Ordinal), AnswerSeconds.Read(file).Select(line => line.Index).Order(StringComparer.Ordinal)));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, ScoresFile.Name)), File.ReadAllBytes(Path.Combine(broken, ScoresFile.Name)));

        static int Lines(string folder) =>
            Path.Combine(folder, "predictions") is var predictions && Directory.Exists(predictions)
            ? Directory.EnumerateFiles(predictions, "*.jsonl").Sum(file => File.ReadAllText(file).Count(c => c == '\n')) : 0;
    }

    private string Experiment()
    {
        string demo = Path.Combine(Shared.Repository, "assets", "demo"), path = _scratch.At("experiment.json");
        string At(string name) => JsonValue.Create(Path.Combine(demo, name)).ToJsonString();
        File.WriteAllText(path, $$"""
            {
              "model": {{At("model")}}, "seed": 3, "device": "cpu", "dtype": "fp32", "data": { "path": {{At("finevision")}}, "rate": 0.03 },
              "calibrate": { "fraction": 0.3, "batch_tokens": 512 },
              "finetune": { "learning_rate": 5e-4, "max_steps": 5, "samples_per_step": 4, "save_every": 1, "micro_batch_tokens": 512 },
              "evaluate": { "benchmarks": {{At("benchmarks")}}, "limit": 6, "max_new_tokens": 10, "slots": 4 }
            }
            """);
        return path;
    }

    /// <summary>The program as a process of its own, whose lines on standard error are read one by one.</summary>
    private static Process Start(string experiment, string folder, params string[] more) => Start(["run", experiment, "--out", folder, "--threads", "1", .. more]);

    private static Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardError = true, RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (string argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll"))) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task<string[]> Killed(string experiment, string folder, Func<string, bool> moment)
    {
        var (code, _, lines) = await Finished(Start(experiment, folder), process => process.Kill(), moment);
        Assert.True(code != 0, $"the run ended before it could be killed:\n{string.Join('\n', lines)}");
        return lines;
    }

    private static async Task<string[]> Interrupted(string experiment, string folder, Func<string, bool> moment)
    {
        if (OperatingSystem.IsWindows()) return await Killed(experiment, folder, moment);   // there are no signals to send
        var (code, output, lines) = await Finished(Start(experiment, folder), Interrupt, moment);
        Assert.True(code == 130, $"ended with {code}:\n{string.Join('\n', lines)}");
        Assert.Equal("", output);
        Assert.Equal("Interrupted. The same command goes on from here.", lines[^1]);
        Assert.Contains("Ending after the current step; once more to end at once.", lines);
        return lines;
    }

    /// <summary>Waits for a process, and does something to it at a moment that its lines or its files tell.</summary>
    private static async Task<(int Code, string Output, string[] Lines)> Finished(Process process, Action<Process>? end, Func<string, bool>? moment = null)
    {
        using var _ = process;
        using var patience = new CancellationTokenSource(Patience);
        var lines = new List<string>();
        string last = "";
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = Task.Run(async () =>
        {
            while (await process.StandardError.ReadLineAsync(patience.Token) is { } line)
            {
                lines.Add(line);
                Volatile.Write(ref last, line);
                if (end is not null && moment!(line)) Interlocked.Exchange(ref end, null)?.Invoke(process);
            }
        }, patience.Token);
        while (!process.HasExited && end is not null)
        {
            if (moment!(Volatile.Read(ref last)) && !process.HasExited) Interlocked.Exchange(ref end, null)?.Invoke(process);
            await Task.Delay(5, patience.Token);
        }
        await process.WaitForExitAsync(patience.Token);
        await errors;
        return (process.ExitCode, await output, [.. lines]);
    }

    /// <summary>Ctrl-C; where signals of that kind are ignored from above (a shell's background jobs), a request to end, which is treated alike.</summary>
    private static void Interrupt(Process process)
    {
        string? ignored = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) : null;
        bool deaf = ignored is not null && (Convert.ToUInt64(ignored[7..].Trim(), 16) & 2) != 0;
        using var kill = Process.Start("kill", [deaf ? "-TERM" : "-INT", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static int Answers(string folder, string model)
    {
        string predictions = Path.Combine(folder, RunFolder.Evaluated, model, "predictions");
        return Directory.Exists(predictions)
            ? Directory.EnumerateFiles(predictions, "*.jsonl").Sum(file => File.ReadAllText(file).Count(c => c == '\n')) : 0;
    }

    /// <summary>Every artefact that holds no times has the same bytes; nothing of unfinished work is left.</summary>
    private static void Same(string expected, string actual)
    {
        var (one, other) = (Artefacts(expected), Artefacts(actual));
        Assert.Equal(one.Keys, other.Keys);
        Assert.True(one.Count > 40);
        foreach (var (name, content) in one) Assert.True(content == other[name], $"{name} differs:\n{Start(content)}\n{Start(other[name])}");
        static string Start(string content) => content.Length > 2000 ? "" : content;
    }

    private static SortedDictionary<string, string> Artefacts(string folder)
    {
        var artefacts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder, path).Replace('\\', '/');
            artefacts[name] = Path.GetFileName(path) switch
            {
                TrainingLog.Name => string.Join('\n', TrainingLog.Read(path).Select(row => row with { SamplesPerSecond = 0, MemoryBytes = 0 })),
                _ when name.Contains("/times/", StringComparison.Ordinal) => string.Join('\n', AnswerSeconds.Read(path).Select(line => $"{line.Index} {line.Tokens}").Order(StringComparer.Ordinal)),
                RunFolder.Timings or RunFolder.Summary or RunFolder.Report or "report.md" or "run.json" => "",   // times, places
                _ => Convert.ToBase64String(File.ReadAllBytes(path)),
            };
        }
        return artefacts;
    }
}
