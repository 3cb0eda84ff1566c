using System.Diagnostics;

namespace Interlace.Bench;

/// <summary>Two ways of doing the same, timed in turns so that whatever else the machine does hits both.</summary>
internal static class Pair
{
    public static void Time(string title, (string Name, Action Run) first, (string Name, Action Run) second, int rounds = 15, int warmUp = 2)
    {
        var times = new[] { new List<(double Passed, double Worked)>(), new List<(double Passed, double Worked)>() };
        for (int i = -warmUp; i < rounds; i++)
            foreach (var (n, run) in new[] { first.Run, second.Run }.Index())
            {
                var clock = Stopwatch.StartNew();
                double worked = ProcessorTime(run);
                if (i >= 0) times[n].Add((clock.Elapsed.TotalMilliseconds, worked));
            }
        double[] passed = [.. times.Select(t => Median(t.Select(time => time.Passed)))], processor = [.. times.Select(t => Median(t.Select(time => time.Worked)))];
        Console.WriteLine($"{title}: {first.Name} {passed[0]:0.0} ms, {second.Name} {passed[1]:0.0} ms, ratio {passed[1] / passed[0]:0.00}; processor time {processor[0]:0.0} ms, {processor[1]:0.0} ms, ratio {processor[1] / processor[0]:0.00} (medians of {rounds})");
    }

    /// <summary>Milliseconds that the processor works on something, whatever else the machine does.</summary>
    public static double ProcessorTime(Action run)
    {
        var before = Environment.CpuUsage.TotalTime;
        run();
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}

internal static class Repository
{
    public static string Folder { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Interlace.slnx"))) return folder.FullName;
        throw new InvalidOperationException("Interlace.slnx is in no folder above the benchmark.");
    }
}
