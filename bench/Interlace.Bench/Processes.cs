using System.Diagnostics;
using System.Globalization;

namespace Interlace.Bench;

/// <summary>Commands as a user runs them: processes of their own.</summary>
internal static class Processes
{
    /// <summary>What a command took.</summary>
    /// <param name="Seconds">From its start to its end.</param>
    /// <param name="Peak">Bytes of memory at most, mapped files included.</param>
    /// <param name="Output">What it wrote.</param>
    internal sealed record Taken(double Seconds, long Peak, string Output);

    /// <summary>Runs the program.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static Taken Interlace(params string[] arguments) => Run(Repository.Program, arguments);

    /// <summary>Runs this benchmark in a process of its own, so that its memory is that of one measurement.</summary>
    public static Taken Own(params string[] arguments) => Run(Environment.ProcessPath!, arguments);

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static Taken Run(string command, params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        using var process = Start(command, arguments);
        var (output, faults) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        long peak = 0;
        // The kernel keeps the highest mark of a process as long as it lives.
        while (!process.WaitForExit(20)) peak = Math.Max(peak, HighWater(process.Id));
        double seconds = clock.Elapsed.TotalSeconds;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}: {faults.Result}");
        return new(seconds, peak, output.Result);
    }

    /// <summary>Seconds from a command's start to the first character that it writes.</summary>
    /// <exception cref="InvalidOperationException">It wrote none, or failed.</exception>
    public static double FirstWord(string command, params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        using var process = Start(command, arguments);
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        int first = process.StandardOutput.Read();
        double seconds = clock.Elapsed.TotalSeconds;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return first >= 0 && process.ExitCode == 0 ? seconds
            : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    /// <summary>Starts a command and does not wait.</summary>
    public static Process Start(string command, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>The most memory that this process has had.</summary>
    public static long HighWater() => HighWater(Environment.ProcessId);

    private static long HighWater(int id)
    {
        const string key = "VmHWM:";
        try
        {
            string? line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
            string number = line is null ? "0" : line[key.Length..].Replace("kB", null, StringComparison.Ordinal);
            return 1024 * long.Parse(number, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;   // it has just ended
        }
    }
}
