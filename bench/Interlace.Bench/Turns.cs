using System.Diagnostics;
using System.Globalization;

namespace Interlace.Bench;

/// <summary>Two ways of doing the same, timed in turns so that whatever else the machine does hits both.</summary>
internal static class Turns
{
    /// <summary>Seconds of both ways.</summary>
    /// <param name="what">What is compared.</param>
    /// <param name="aim">What the first's time divided by the second's should be.</param>
    /// <param name="first">The upper part of the ratio.</param>
    /// <param name="second">The lower part.</param>
    /// <param name="rounds">How often both are measured.</param>
    /// <param name="warmUp">How often both run before.</param>
    public static Figure Compare(string what, string aim, (string Name, Action Run) first, (string Name, Action Run) second,
        int rounds = 7, int warmUp = 1)
    {
        var times = Times(rounds, warmUp, first.Run, second.Run);
        return Figure.Of(what, aim, (first.Name, times[0]), (second.Name, times[1]), Time);
    }

    /// <summary>Seconds of several ways by round, in turns.</summary>
    /// <param name="rounds">How often all are measured.</param>
    /// <param name="warmUp">How often all run before.</param>
    /// <param name="ways">What is measured.</param>
    public static double[][] Times(int rounds, int warmUp, params Action[] ways)
    {
        double[][] times = [.. ways.Select(_ => new double[rounds])];
        for (int round = -warmUp; round < rounds; round++)
        {
            foreach (var (i, run) in ways.Index())
            {
                double seconds = Seconds(run);
                if (round >= 0) times[i][round] = seconds;
            }
        }
        return times;
    }

    /// <summary>How long something takes.</summary>
    public static double Seconds(Action run)
    {
        var clock = Stopwatch.StartNew();
        run();
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>Milliseconds that the processor works on something, whatever else the machine does.</summary>
    public static double ProcessorTime(Action run)
    {
        var before = Environment.CpuUsage.TotalTime;
        run();
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
    }

    /// <summary>The value in the middle; the upper one of two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>A time with its unit.</summary>
    public static string Time(double seconds) =>
        seconds < 0.1 ? Shown(1000 * seconds, "0.00", "ms") : Shown(seconds, seconds < 10 ? "0.000" : "0.0", "s");

    /// <summary>A size with its unit.</summary>
    public static string Size(double bytes) =>
        bytes < 1e9 ? Shown(bytes / 1e6, "0", "MB") : Shown(bytes / 1e9, "0.00", "GB");

    private static string Shown(double value, string format, string unit) =>
        $"{value.ToString(format, CultureInfo.InvariantCulture)} {unit}";
}
