using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Interlace.Fuzz;

/// <summary>What is asked for.</summary>
/// <param name="Seed">First seed.</param>
/// <param name="Inputs">How many inputs at most.</param>
/// <param name="Seconds">For how long at most.</param>
/// <param name="Workers">Processes at once.</param>
/// <param name="Only">Kinds of files; all where empty.</param>
/// <param name="Keep">Where inputs that show a fault are left.</param>
internal sealed record FuzzOptions(ulong Seed, long Inputs, double Seconds, int Workers, IReadOnlyList<string> Only, string Keep);

/// <summary>
/// Gives changed files to workers, in turn for every kind, and keeps those that show a fault: a crash, an abort, a hang,
/// or memory out of proportion.
/// </summary>
internal sealed class Fuzzer(FuzzOptions options, string good, string scratch, string corpus)
{
    /// <summary>Seconds of computing after which an input is a hang. Time on the clock would call a busy machine one.</summary>
    public const double LongestSeconds = 10;

    private const string Unchanged = "unchanged";

    private readonly Target[] _targets = [.. Target.All.Where(target => options.Only.Count == 0 || options.Only.Contains(target.Name))];
    private Target[] _turn = [];
    private readonly ConcurrentDictionary<string, Tally> _tallies = new();
    private readonly Stopwatch _clock = new();
    private long _next = -1;

    private sealed record Tally(int Inputs, int Accepted, int Refused, int Faults, double Slowest, long Largest);

    /// <returns>Kinds of files without and with a fault.</returns>
    public (int Sound, int Faulty) Run()
    {
        _clock.Start();
        _turn = [.. _targets, .. Enumerable.Repeat(_targets.Where(target => !target.Slow), 3).SelectMany(targets => targets)];
        foreach (var target in _targets) _tallies[target.Name] = new(0, 0, 0, 0, 0, 0);
        var kept = new ConcurrentQueue<(Target, string)>(_targets.SelectMany(target => Directory.Exists(Path.Combine(corpus, target.Name))
            ? Directory.EnumerateFiles(Path.Combine(corpus, target.Name)).Order(StringComparer.Ordinal).Select(file => (target, file))
            : []));
        Task[] workers = [.. Enumerable.Range(0, options.Workers)
            .Select(i => Task.Factory.StartNew(() => Work(i, kept), TaskCreationOptions.LongRunning))];
        Task.WaitAll(workers);
        Console.WriteLine($"\n{"kind",-26}{"inputs",8}{"accepted",10}{"refused",9}{"faults",8}{"slowest s",11}{"most MB",9}");
        foreach (var target in _targets)
            if (_tallies[target.Name] is var t)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{target.Name,-26}{t.Inputs,8}{t.Accepted,10}{t.Refused,9}{t.Faults,8}{t.Slowest,11:0.0}{t.Largest / 1e6,9:0}"));
        Console.WriteLine($"{_tallies.Values.Sum(t => t.Inputs)} inputs in {_clock.Elapsed.TotalSeconds:0} s from seed {options.Seed}: {_tallies.Values.Sum(t => t.Accepted)} accepted, {_tallies.Values.Sum(t => t.Refused)} refused, {_tallies.Values.Sum(t => t.Faults)} faults");
        return (_tallies.Values.Count(t => t.Faults == 0), _tallies.Values.Count(t => t.Faults > 0));
    }

    private void Work(int number, ConcurrentQueue<(Target Target, string File)> kept)
    {
        string folder = Path.Combine(scratch, $"worker-{number}");
        using var worker = new WorkerProcess();
        // The good files first: a change says nothing where what is changed is refused anyway.
        if (number == 0)
            foreach (var target in _targets) Try(worker, folder, target, File.ReadAllBytes(Path.Combine(good, target.File)), Unchanged);
        while (kept.TryDequeue(out var known))
            Try(worker, folder, known.Target, File.ReadAllBytes(known.File), Path.GetFileName(known.File));
        while (_clock.Elapsed.TotalSeconds < options.Seconds && Interlocked.Increment(ref _next) is var i && i < options.Inputs)
        {
            var target = _turn[i % _turn.Length];
            ulong seed = options.Seed * 1_000_000_000 + (ulong)i;
            Try(worker, folder, target, target.Input(File.ReadAllBytes(Path.Combine(good, target.File)), seed),
                seed.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A line now and then: a run that is ended early has told how far it came.</summary>
    private void Tell()
    {
        int inputs = _tallies.Values.Sum(t => t.Inputs);
        if (inputs % 500 == 0)
            Console.WriteLine($"{inputs} inputs, {_tallies.Values.Sum(t => t.Faults)} faults, {_clock.Elapsed.TotalSeconds:0} s");
    }

    private void Try(WorkerProcess worker, string folder, Target target, byte[] input, string name)
    {
        Lay(target, input, good, folder);
        var (outcome, fault, seconds) = worker.Run(folder, target);
        if (outcome is { TakesTooMuch: true })
        {
            // The first use of an operator loads its code: what a second run takes is the input's.
            Lay(target, input, good, folder);
            (outcome, fault, seconds) = worker.Run(folder, target);
        }
        fault ??= outcome!.Fault ?? (name == Unchanged && outcome.Codes.Any(code => code != 0)
            ? $"the good file is refused: {string.Join(", ", outcome.Codes)}" : null);
        _tallies.AddOrUpdate(target.Name, _ => throw new UnreachableException(),
            (_, t) => new(t.Inputs + 1, t.Accepted + (outcome?.Codes.All(code => code == 0) == true ? 1 : 0),
            t.Refused + (fault is null && outcome!.Codes.Any(code => code == 2) ? 1 : 0), t.Faults + (fault is null ? 0 : 1),
            Math.Max(t.Slowest, seconds), Math.Max(t.Largest, outcome?.PeakBytes ?? 0)));
        Tell();
        if (fault is null) return;
        string place = Path.Combine(options.Keep, $"{target.Name}-{name}");
        Directory.CreateDirectory(place);
        File.WriteAllBytes(Path.Combine(place, Path.GetFileName(target.File)), input);
        File.WriteAllText(Path.Combine(place, "why.txt"), $"{fault}\n");
        Console.WriteLine($"FAULT {target.Name} {name}: {Short(fault)}\n  again: replay {target.Name} {Path.Combine(place, Path.GetFileName(target.File))}");
    }

    private static string Short(string text) => text.Split('\n')[0] is { Length: > 300 } line ? line[..300] + "..." : text.Split('\n')[0];

    /// <summary>Puts the good files that a target needs into an empty folder, and the changed one in its place.</summary>
    public static void Lay(Target target, byte[] input, string good, string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        foreach (string need in target.Needs)
            if (Directory.Exists(Path.Combine(good, need))) GoodInputs.Copy(Path.Combine(good, need), Path.Combine(folder, need));
            else File.Copy(Path.Combine(good, need), Path.Combine(folder, need));
        File.WriteAllBytes(Path.Combine(folder, target.File), input);
    }
}

/// <summary>
/// A worker in a process of its own, watched: it is ended when it hangs or takes too much, and replaced after many inputs.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    private const int MostInputs = 300;

    private Process? _process;
    private int _inputs;

    /// <summary>Runs one input.</summary>
    /// <returns>What it did, or the fault that its process died of.</returns>
    public (Outcome? Outcome, string? Fault, double Seconds) Run(string folder, Target target)
    {
        long mostBytes = 2 * Outcome.MostBytes(Outcome.SizeOf(folder));   // here it is ended; the worker itself measures exactly
        if (_process is null || _inputs++ >= MostInputs) Restart();
        double before = Seconds();
        long start = _process!.WorkingSet64;
        _process.StandardInput.WriteLine($"{folder}\t{target.Name}");
        var answer = _process.StandardOutput.ReadLineAsync();
        while (!answer.Wait(50))
        {
            _process.Refresh();
            if (_process.HasExited) break;
            string? fault = Seconds() - before > Fuzzer.LongestSeconds
                ? $"was not done after {Fuzzer.LongestSeconds} s of computing"
                : _process.WorkingSet64 - start > mostBytes ? $"took more than {(_process.WorkingSet64 - start) / 1_000_000} MB" : null;
            if (fault is null) continue;
            double taken = Seconds() - before;
            Kill();
            return (null, fault, taken);
        }
        if (answer.Result is { } line) return (JsonSerializer.Deserialize<Outcome>(line)!, null, Seconds() - before);
        string said = _process.StandardError.ReadToEnd();
        _process.WaitForExit();
        string died = $"the process ended with {_process.ExitCode}: {said[..Math.Min(2000, said.Length)]}";
        Kill();
        return (null, died, 0);
    }

    public void Dispose() => Kill();

    private void Restart()
    {
        Kill();
        _inputs = 0;
        _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["worker"]) { RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true })!;
        if (_process.StandardOutput.ReadLine() != "ready") throw new InvalidOperationException("The worker did not start.");
    }

    private double Seconds()
    {
        _process!.Refresh();
        return _process.HasExited ? 0 : _process.TotalProcessorTime.TotalSeconds;
    }

    private void Kill()
    {
        if (_process is null) return;
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        _process = null;
    }
}
