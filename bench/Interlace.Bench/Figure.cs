using System.Globalization;

namespace Interlace.Bench;

/// <summary>One line of the table: a ratio of two things measured in turns in one run.</summary>
/// <param name="What">What is compared.</param>
/// <param name="Aim">What the ratio should be.</param>
/// <param name="First">The upper part of the ratio, with its median.</param>
/// <param name="Second">The lower part, with its median; empty where there is one value alone, which then stands for the ratio.</param>
/// <param name="Ratio">Median of the rounds' ratios.</param>
/// <param name="Lowest">The lowest ratio of a round.</param>
/// <param name="Highest">The highest.</param>
/// <param name="Rounds">How often both were measured.</param>
internal sealed record Figure(string What, string Aim, string First, string Second, double Ratio, double Lowest, double Highest, int Rounds)
{
    /// <summary>The head of a table of figures in Markdown.</summary>
    public const string Head = "| figure | first | second | ratio (range of the rounds) | rounds | aim |\n|---|---|---|---|---:|---|";

    /// <summary>Its line in Markdown.</summary>
    public string Row => string.Create(CultureInfo.InvariantCulture,
        $"| {What} | {First} | {Second} | **{Ratio:0.00}** ({Lowest:0.00} to {Highest:0.00}) | {Rounds} | {Aim} |");

    /// <summary>Its line on a screen.</summary>
    public string Line => string.Create(CultureInfo.InvariantCulture,
        $"{What}: {First} / {Second} = {Ratio:0.00} ({Lowest:0.00} to {Highest:0.00}, {Rounds} rounds); aim {Aim}");

    /// <summary>A figure of two series of values, one of each in every round.</summary>
    /// <param name="what">What is compared.</param>
    /// <param name="aim">What the ratio should be.</param>
    /// <param name="first">Name and values of the upper part.</param>
    /// <param name="second">Name and values of the lower part.</param>
    /// <param name="show">How a value is shown.</param>
    public static Figure Of(string what, string aim, (string Name, IReadOnlyList<double> Values) first,
        (string Name, IReadOnlyList<double> Values) second, Func<double, string> show)
    {
        double[] ratios = [.. first.Values.Zip(second.Values, (one, other) => one / other)];
        return new(what, aim, Shown(first), Shown(second), Turns.Median(ratios), ratios.Min(), ratios.Max(), ratios.Length);

        string Shown((string Name, IReadOnlyList<double> Values) part) => $"{part.Name} {show(Turns.Median(part.Values))}";
    }
}
