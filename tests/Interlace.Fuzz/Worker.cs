using System.CommandLine;
using System.Text.Json;
using Interlace.Cli;
using Interlace.Experiments;
using Interlace.Runs;

namespace Interlace.Fuzz;

/// <summary>What one input did.</summary>
/// <param name="Codes">Exit codes of the target's commands.</param>
/// <param name="Message">What was said on standard error where a code is neither 0 nor 2,
/// or where more than a line or two was said.</param>
/// <param name="PeakBytes">Growth of the process's memory at its highest.</param>
/// <param name="InputBytes">Size of the files that the commands were given.</param>
internal sealed record Outcome(int[] Codes, string? Message, long PeakBytes, long InputBytes)
{
    /// <summary>More memory than its input justifies.</summary>
    public bool TakesTooMuch => PeakBytes > MostBytes(InputBytes);

    /// <summary>What commands may take for an input of a size.</summary>
    public static long MostBytes(long inputBytes) => 4 * inputBytes + 200_000_000;

    /// <summary>Size of all files in a folder.</summary>
    public static long SizeOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>Why the input is a fault of the program, or null.</summary>
    public string? Fault => Codes.FirstOrDefault(code => code is not (0 or 2)) is not 0 and var code ? $"ended with {code}: {Message}"
        : Message is not null ? $"said more than a line or two: {Message}"
        : TakesTooMuch ? $"took {PeakBytes / 1_000_000} MB for an input of {InputBytes} bytes" : null;
}

/// <summary>The process that runs inputs: it may die of one, and is then started again.</summary>
internal static class Worker
{
    /// <summary>Longest that a refusal may be, in characters.</summary>
    private const int LongestMessage = 1000;

    /// <summary>Answers every line on standard input, a path of an input's folder and a target's name, by one line of JSON.</summary>
    public static int Serve()
    {
        // What commands print must not mix with the answers.
        TextWriter answers = Console.Out;
        Console.SetOut(TextWriter.Null);
        answers.WriteLine("ready");
        while (Console.In.ReadLine() is { } line)
        {
            string[] parts = line.Split('\t');
            answers.WriteLine(JsonSerializer.Serialize(Run(parts[0], Target.All.Single(target => target.Name == parts[1]))));
        }
        return 0;
    }

    /// <summary>Runs the commands of a target in a folder with its input.</summary>
    public static Outcome Run(string folder, Target target, bool verbose = false)
    {
        string back = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder;
        GC.Collect();
        long size = Outcome.SizeOf("."), before = Memory("VmRSS:");
        File.WriteAllText("/proc/self/clear_refs", "5");   // the peak begins anew
        var codes = new List<int>();
        string? message = null;
        foreach (string line in target.Commands)
        {
            var (output, error) = (new StringWriter(), new StringWriter());
            codes.Add(Run(verbose ? line + " --verbose" : line, new Terminal(output, error)));
            string said = error.ToString();
            if (verbose || codes[^1] is not (0 or 2) || codes[^1] == 2
                && (said.Length > LongestMessage
                || said.Contains('\u001b', StringComparison.Ordinal))) message += said[..Math.Min(said.Length, 5000)];
        }
        long peak = Memory("VmHWM:") - before;
        Environment.CurrentDirectory = back;
        return new([.. codes], message, peak, size);
    }

    /// <summary>A command line, as every command takes it here.</summary>
    public static string[] Arguments(string line) => [.. line.Split(' '), "--threads", "1", "--quiet"];

    private static readonly Argument<string> Experiment = new("EXPERIMENT");

    /// <summary>What "run" does before its first stage, as a command: its stages may rightly take as long as the file asks.</summary>
    private static readonly Verb[] Before = [new Verb("preflight", "Look at an experiment.", ["preflight experiment.json"], invocation =>
    {
        Preflight.Check(ExperimentFile.Load(invocation.Get(Experiment)));
        return ExitCode.Done;
    }) { Experiment }];

    private static int Run(string line, Terminal terminal) =>
        CommandLine.Run(Arguments(line), terminal, default, line.StartsWith("preflight ", StringComparison.Ordinal) ? Before : null);

    private static long Memory(string line) =>
        1024 * long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(line, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], System.Globalization.CultureInfo.InvariantCulture);
}
