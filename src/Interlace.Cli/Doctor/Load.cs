using System.Globalization;

namespace Interlace.Cli;

/// <summary>How busy the machine is with other programs.</summary>
internal static class Load
{
    private const string File = "/proc/loadavg";

    /// <summary>Programs that were at work at once in the last minute, on the average; null where the system does not tell.</summary>
    public static double? Read() => System.IO.File.Exists(File)
        && double.TryParse(System.IO.File.ReadAllText(File).Split(' ')[0], CultureInfo.InvariantCulture, out double load) ? load : null;

    /// <summary>What it means for a command: threads wait for one another, and for the programs that have their cores.</summary>
    /// <param name="load">Programs at work.</param>
    /// <param name="threads">Threads of the engine.</param>
    public static string Say(double load, int threads)
    {
        string count = $"{load.ToString("0.0", CultureInfo.InvariantCulture)} programs at work in the last minute";
        int free = Math.Max(1, Environment.ProcessorCount - (int)Math.Round(load));
        return free >= threads ? count : $"{count}: give a command no more threads than stay free (--threads {free})";
    }
}
