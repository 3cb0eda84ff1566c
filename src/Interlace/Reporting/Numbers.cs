using System.Globalization;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>How numbers are written in reports: the same everywhere, whatever the culture.
/// A unit follows after a space that does not break.</summary>
internal static class Numbers
{
    public static string Score(double percent) => Write(percent, "0.0");

    public static string Interval(Interval interval) => $"{Score(interval.Low)}–{Score(interval.High)}";

    public static string Perplexity(double value) => Write(value, value < 1000 ? "0.00" : "0.0");

    public static string SpeedUp(double ratio) => Write(ratio, "0.00") + "×";

    /// <summary>A share from 0 to 1 in percent.</summary>
    public static string Share(double share) => Write(100 * share, "0.0") + "\u00A0%";

    /// <summary>A share from 0 to 1 in percent, without decimals that are 0.</summary>
    public static string Percentage(double share) => Write(100 * share, "0.#") + "\u00A0%";

    public static string Similarity(double value) => Write(value, "0.0000");

    public static string Error(double value) => Write(value, "G2");

    public static string Loss(double value) => Write(value, "0.0000");

    public static string Rate(double value) => value == 0 ? "0" : Write(value, "0.##E+0");

    public static string Seconds(double seconds) => Write(seconds, "#,0.0") + "\u00A0s";

    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Memory(long bytes) => bytes switch
    {
        >= 1L << 30 => Write(bytes / (double)(1L << 30), "0.00") + "\u00A0GiB",
        _ => Write(bytes / (double)(1L << 20), "0.0") + "\u00A0MiB",
    };

    public static string Energy(double joules) => Write(joules / 3600, "#,0.0") + "\u00A0Wh";

    public static string Plain(double value) => Write(value, "0.####");

    public static string Write(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
