using Interlace.Calibration;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Interlace.Reporting;

public static partial class Charts
{
    private static (Plot plot, int height) DrawSinks(SinkProfile sinks, int width)
    {
        Plot plot = NewPlot(width);
        double[] layers = [.. Enumerable.Range(0, sinks.LargestNormRatio.Length).Select(l => (double)l)];
        double[] largest = Powers(sinks.LargestNormRatio), first = Powers(sinks.FirstNormRatio), all = [.. largest, .. first];
        double bar = Math.Log10(SinkProfile.Rise), low = Math.Floor(Math.Min(0, all.Min())), high = Math.Ceiling(Math.Max(bar, all.Max()));
        plot.Add.HorizontalLine(bar, 1.2f, Of(Palette.Muted));
        Tone[] tones = [SeriesTone(0), SeriesTone(1)];
        foreach (var (i, values) in new[] { largest, first }.Index())
        {
            ScottPlot.Plottables.Scatter curve = plot.Add.Scatter(layers, values, Of(tones[i]));
            (curve.LineWidth, curve.MarkerSize) = (1.6f, width < 600 ? 4 : 6);
        }
        Finish(plot, width, layers.Length, low - 0.2, low, high + 0.2, "norm behind / norm before");
        double[] powers = [.. Enumerable.Range((int)low, (int)(high - low) + 1).Select(power => (double)power)];
        string[] ticks = [.. powers.Select(power => Numbers.Write(Math.Pow(10, power), "0.######"))];
        plot.Axes.Left.TickGenerator = new NumericManual(powers, ticks);
        plot.Axes.Bottom.Label.Text = "layer";
        AddLegend(plot, width, [Stroke("largest at any position", tones[0], 2), Stroke("first position", tones[1], 2)]);
        return (plot, width < 600 ? 280 : 320);
    }

    /// <summary>Powers of ten; a ratio that is next to nothing is drawn at the lower end.</summary>
    private static double[] Powers(double[] ratios) => [.. ratios.Select(ratio => Math.Log10(Math.Max(ratio, 1e-4)))];
}
