using Interlace.Evaluation.Scoring;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Interlace.Reporting;

/// <summary>A line of a ranking: a number with an interval, in the colour of a family.</summary>
internal sealed record RankedValue(string Name, double Value, Interval? Interval, int Family);

/// <summary>The values of one violin.</summary>
internal sealed record Violin(string Name, IReadOnlyList<double> Values);

public static partial class Charts
{
    /// <summary>Numbers with intervals, one below the other, in the order given.</summary>
    /// <exception cref="ArgumentException">There is no number.</exception>
    internal static Chart Ranking(string key, string label, IReadOnlyList<RankedValue> values, string across, double? reference = null) =>
        values.Count > 0 ?
        new(key, label, width => DrawRanking(values, across, reference, width)) : throw new ArgumentException("There are no numbers to "
            + "draw.", nameof(values));

    /// <summary>Distributions side by side, each value a point (paper, Figure 3).</summary>
    /// <exception cref="ArgumentException">There is no value.</exception>
    internal static Chart Violins(string key, string label, IReadOnlyList<Violin> violins, string up, double reference) =>
        violins.Any(violin => violin.Values.Count > 0) ?
        new(key, label, width => DrawViolins([.. violins.Where(violin => violin.Values.Count > 0)], up, reference, width),
            width => IsBelow(violins.Count, width) ?
            [.. violins.Where(violin => violin.Values.Count > 0)
                .Select((violin, v) => new LegendKey($"{Numbers.Write(v + 1, "0")} {Label(violin.Name)}", SeriesTone(v), 1,
                null))] : []) : throw new ArgumentException("There are no values to draw.", nameof(violins));

    private static (Plot plot, int height) DrawRanking(IReadOnlyList<RankedValue> values, string across, double? reference, int width)
    {
        Plot plot = NewPlot(width);
        double low = values.Min(v => Math.Min(v.Value, v.Interval?.Low ?? v.Value)),
            high = values.Max(v => Math.Max(v.Value, v.Interval?.High ?? v.Value));
        if (reference is { } at)
        {
            (low, high) = (Math.Min(low, at), Math.Max(high, at));
            plot.Add.VerticalLine(at, 1.2f, Of(Palette.Muted));
        }
        for (int i = 0; i < values.Count; i++)
        {
            Tone tone = SeriesTone(values[i].Family);
            plot.Add.Marker(values[i].Value, -i, MarkerShape.FilledCircle, 9, Of(tone));
            if (values[i].Interval is { } interval)
                AddWhiskers(plot, [values[i].Value], [-i], [interval], Of(tone), 1.6f, 3, lying: true);
            ScottPlot.Plottables.Text number = plot.Add.Text(Numbers.Score(values[i].Value),
                Math.Max(values[i].Value, values[i].Interval?.High ?? 0), -i);
            number.LabelFontName = ChartFont.Name;
            number.LabelFontSize = 11;
            number.LabelFontColor = Of(Palette.Ink);
            number.Alignment = Alignment.MiddleLeft;
            number.OffsetX = 9;
        }
        double span = Math.Max(high - low, 1), room = width < 600 ? 0.34 : 0.1;
        plot.Axes.SetLimits(low - 0.04 * span, high + room * span, -values.Count + 0.4, 0.6);
        plot.Axes.Left.TickGenerator =
            new NumericManual([.. values.Select((_, i) => (double)-i)],
            [.. values.Select(value => Label(value.Name))]) { MaxTickCount = values.Count };
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.TickLabelStyle.ForeColor = Of(Palette.Ink);
        plot.Axes.Bottom.TickGenerator = ValueTicks(low, high, width < 600 ? 3 : 8);
        plot.Axes.Bottom.Label.Text = across;
        plot.Grid.XAxisStyle.IsVisible = true;
        plot.Grid.YAxisStyle.IsVisible = false;
        return (plot, 70 + 24 * values.Count);
    }

    private static (Plot plot, int height) DrawViolins(Violin[] violins, string up, double reference, int width)
    {
        Plot plot = NewPlot(width);
        double low = Math.Min(reference, violins.Min(violin => violin.Values.Min())),
            high = Math.Max(reference, violins.Max(violin => violin.Values.Max()));
        double least = 0.03 * Math.Max(high - low, 1);
        plot.Add.HorizontalLine(reference, 1.2f, Of(Palette.Muted), LinePattern.Dashed);
        for (int v = 0; v < violins.Length; v++)
        {
            double bandwidth = Bandwidth(violins[v].Values, least);
            (low, high) = (Math.Min(low, violins[v].Values.Min() - 1.5 * bandwidth),
                Math.Max(high, violins[v].Values.Max() + 1.5 * bandwidth));
            AddViolin(plot, violins[v].Values, v, SeriesTone(v), bandwidth);
        }
        double margin = 0.03 * (high - low);
        plot.Axes.SetLimits(violins.Length == 1 ? -1.5 : -0.6, violins.Length == 1 ? 1.5 : violins.Length - 0.4, low - margin,
            high + margin);
        plot.Axes.Left.TickGenerator = ValueTicks(low - margin, high + margin, 6);
        plot.Axes.Left.Label.Text = up;
        plot.Axes.Bottom.TickGenerator =
            new NumericManual([.. violins.Select((_, v) => (double)v)],
            [.. violins.Select((_, v) => violins.Length > 1 ? Numbers.Write(v + 1, "0") : "")]) { MaxTickCount = violins.Length };
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        return Listed(plot, [.. violins.Select((violin, v) => Swatch(violins.Length > 1
            ? $"{Numbers.Write(v + 1, "0")} {Label(violin.Name)}" : Label(violin.Name), SeriesTone(v)))], width);
    }

    /// <summary>Silverman's rule, with a least width for values that hardly differ.</summary>
    private static double Bandwidth(IReadOnlyList<double> values, double least)
    {
        double mean = values.Average(),
            deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, values.Count - 1));
        return Math.Max(least, 1.06 * deviation * Math.Pow(values.Count, -0.2));
    }

    /// <summary>A kernel density, mirrored, as wide as a unit allows;
    /// the points lie beside the middle by their order, so that none hides another.</summary>
    private static void AddViolin(Plot plot, IReadOnlyList<double> values, int place, Tone tone, double bandwidth)
    {
        double[] sorted = [.. values.Order()];
        double[] ys = [.. Enumerable.Range(0, 61)
            .Select(i => sorted[0] - 1.5 * bandwidth + i / 60.0 * (sorted[^1] - sorted[0] + 3 * bandwidth))];
        double[] density = [.. ys.Select(y => sorted.Sum(value => Math.Exp(-0.5 * Math.Pow((y - value) / bandwidth, 2))))];
        double widest = density.Max();
        Coordinates[] outline = [.. ys.Select((y, i) => new Coordinates(place - 0.42 * density[i] / widest, y)),
            .. ys.Select((y, i) => new Coordinates(place + 0.42 * density[i] / widest, y)).Reverse()];
        ScottPlot.Plottables.Polygon body = plot.Add.Polygon(outline);
        body.FillColor = Of(tone).WithAlpha(0.28);
        (body.LineColor, body.LineWidth) = (Of(tone), 1.2f);
        for (int i = 0; i < sorted.Length; i++)
            plot.Add.Marker(place + 0.06 * (i % 3 - 1), sorted[i], MarkerShape.FilledCircle, 5, Of(Palette.Ink)).MarkerStyle.LineWidth = 0;
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        plot.Add.ScatterLine(new[] { place - 0.2, place + 0.2 }, new[] { median, median }, Of(Palette.Ink)).LineWidth = 2;
    }
}
