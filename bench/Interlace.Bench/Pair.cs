using System.Diagnostics;

namespace Interlace.Bench;

/// <summary>Two ways of doing the same, timed in turns so that whatever else the machine does hits both.</summary>
internal static class Pair
{
    public static void Time(string title, (string Name, Action Run) first, (string Name, Action Run) second, int rounds = 15, int warmUp = 2)
    {
        var times = new[] { new List<double>(), new List<double>() };
        for (int i = -warmUp; i < rounds; i++)
            foreach (var (n, run) in new[] { first.Run, second.Run }.Index())
            {
                var clock = Stopwatch.StartNew();
                run();
                if (i >= 0) times[n].Add(clock.Elapsed.TotalMilliseconds);
            }
        double[] medians = [.. times.Select(Median)];
        Console.WriteLine($"{title}: {first.Name} {medians[0]:0.0} ms, {second.Name} {medians[1]:0.0} ms, ratio {medians[1] / medians[0]:0.00} (medians of {rounds})");
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
