using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Interlace.Artefacts;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>The table of all figures as Markdown, with the machine and the versions that it holds for.</summary>
internal static class Table
{
    /// <summary>
    /// Measures all figures, one after the other, and writes the table anew after each: an interrupted run leaves what it has.
    /// </summary>
    /// <param name="figures">What to measure, by name.</param>
    /// <param name="path">Where the table goes besides the screen; null: there alone.</param>
    public static void Write(IEnumerable<(string Name, Func<IEnumerable<Figure>> Run)> figures, string? path)
    {
        var table = new StringBuilder($"{Machine()}\n\n{Figure.Head}\n");
        foreach (var (name, run) in figures)
        {
            try
            {
                foreach (var figure in run())
                {
                    Console.WriteLine(figure.Line);
                    table.AppendLine(figure.Row);
                }
            }
            catch (InvalidOperationException fault)   // one that cannot be had leaves the others alone
            {
                Console.WriteLine($"{name}: {fault.Message}");
                table.AppendLine($"| {name} | could not be measured | | | | |");
            }
            if (path is not null) File.WriteAllText(path, table.ToString());
        }
    }

    private static string Machine() => string.Create(CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:yyyy-MM-dd}, {Processor()}, {Environment.ProcessorCount} threads ({get_num_threads()} used), "
        + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB of memory, {RuntimeInformation.OSDescription}, "
        + $"{RuntimeInformation.FrameworkDescription}, engine {__version__}, {ProgramVersion.CreatedBy}");

    private static string Processor()
    {
        const string key = "model name";
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
