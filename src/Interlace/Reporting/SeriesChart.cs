using Interlace.Evaluation.Scoring;
using ScottPlot;

namespace Interlace.Reporting;

/// <summary>A point of a series, with an interval where one is known.</summary>
internal readonly record struct SeriesPoint(double X, double Y, Interval? Interval = null);

/// <summary>Values that belong together, in ascending x.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Points">The values.</param>
/// <param name="Apart">Values that only stand beside others: drawn without a line between them.</param>
internal sealed record Series(string Name, IReadOnlyList<SeriesPoint> Points, bool Apart = false);

/// <summary>What the axes of a chart of series say.</summary>
/// <param name="Across">Label of the horizontal axis.</param>
/// <param name="Up">Label of the vertical axis.</param>
/// <param name="Reference">A value to draw a line at.</param>
/// <param name="Marked">Whether each point has a marker.</param>
/// <param name="Fenced">Leave out values so far below the rest that they would flatten it.</param>
internal sealed record Axes(string Across, string Up, double? Reference = null, bool Marked = true, bool Fenced = false);

public static partial class Charts
{
    /// <summary>So many lines of a legend fit above a chart of any width.</summary>
    private const int FewSeries = 3;

    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.Dotted];

    /// <summary>Several series over one axis, each in a colour of its own, with whiskers where intervals are known.</summary>
    /// <exception cref="ArgumentException">There is no point.</exception>
    internal static Chart Lines(string key, string label, IReadOnlyList<Series> series, Axes axes) => series.Any(s => s.Points.Count > 0) ?
        new(key, label, width => DrawLines([.. series.Where(s => s.Points.Count > 0)], axes, width), width => IsBelow(series.Count, width)
            ? [.. series.Where(s => s.Points.Count > 0).Select((s, i) =>
            new LegendKey(Label(s.Name), SeriesTone(i), axes.Marked ? i % 3 : null, s.Apart
            ? null : (i / Palette.Series.Length % 3) switch { 0 => "", 1 => "6 4", _ => "2 3" }))] : []) :
        throw new ArgumentException("There are no points to draw.", nameof(series));

    /// <summary>The losses of several trainings: running means by step.</summary>
    /// <exception cref="ArgumentException">There is no finite loss.</exception>
    internal static Chart Losses(string key, IReadOnlyList<(string Name, TrainingData Data)> trainings) =>
        Lines(key, "Running mean of the loss by step, of several trainings",
        [.. trainings.Select(training =>
        new Series(training.Name, [.. Thin(RunningMean([.. training.Data.Rows.Where(row => double.IsFinite(row.Loss))]))
        .Select(point => new SeriesPoint(point.x, point.y))]))],
        new("step", "loss (nats a token), running mean", Marked: false));

    private static (Plot plot, int height) DrawLines(Series[] series, Axes axes, int width)
    {
        Plot plot = NewPlot(width);
        double floor = axes.Fenced
            ? Range([.. series.SelectMany(s => s.Points).Select(point => point.Y)], null).low
            : double.NegativeInfinity;
        series = [.. series.Select(s => s with { Points = [.. s.Points.Where(point => point.Y >= floor)] }).Where(s => s.Points.Count > 0)];
        SeriesPoint[] all = [.. series.SelectMany(s => s.Points)];
        double left = all.Min(point => point.X), right = all.Max(point => point.X);
        if (right - left < 1e-9)
            (left, right) = (left - Math.Max(0.05 * Math.Abs(left), 0.5), right + Math.Max(0.05 * Math.Abs(right), 0.5));
        double low = all.Min(point => Math.Min(point.Y, point.Interval?.Low ?? point.Y)),
            high = all.Max(point => Math.Max(point.Y, point.Interval?.High ?? point.Y));
        if (axes.Reference is { } reference)
        {
            (low, high) = (Math.Min(low, reference), Math.Max(high, reference));
            plot.Add.HorizontalLine(reference, 1.2f, Of(Palette.Muted));
        }
        double margin = Math.Max(0.06 * (high - low), 1e-3), apart = 0.011 * (right - left);
        int lone = 0;   // what has no line moves aside, so that none hides another
        for (int s = 0; s < series.Length; s++) AddSeries(plot, series[s], s, axes.Marked, series[s].Apart ? ++lone * apart : 0, width);
        double side = axes.Marked ? 0.04 * (right - left) : 0.012 * (right - left);
        plot.Axes.SetLimits(left - side, right + Math.Max(side, (lone + 1) * apart), low - margin, high + margin);
        plot.Axes.Left.TickGenerator = ValueTicks(low - margin, high + margin, 6);
        plot.Axes.Bottom.TickGenerator = ValueTicks(left, right, width < 600 ? 4 : 8);
        plot.Axes.Left.Label.Text = axes.Up;
        plot.Axes.Bottom.Label.Text = axes.Across;
        return Listed(plot, [.. series.Select((s, i) => new LegendItem
        {
            LabelText = Label(s.Name), LineColor = Of(SeriesTone(i)), LineWidth = s.Apart ? 0 : 2.2f, LinePattern = SeriesPattern(i),
                MarkerSize = axes.Marked ? 7 : 0, MarkerShape = SeriesShape(i), MarkerColor = Of(SeriesTone(i)),
        })], width);
    }

    /// <summary>A legend above the chart; one of many lines beside a wide chart, and below a narrow one.</summary>
    private static (Plot plot, int height) Listed(Plot plot, LegendItem[] items, int width)
    {
        if (IsBelow(items.Length, width)) return (plot, 290);
        bool beside = items.Length > FewSeries;
        AddLegend(plot, width, items, beside ? Edge.Right : Edge.Top);
        return (plot, beside ? Math.Max(350, 60 + 19 * items.Length) : width < 600 ? 310 : 350);
    }

    private static bool IsBelow(int entries, int width) => width < 600 && entries > FewSeries;

    private static void AddSeries(Plot plot, Series series, int place, bool marked, double shift, int width)
    {
        Tone tone = SeriesTone(place);
        double[] xs = [.. series.Points.Select(point => point.X + shift)], ys = [.. series.Points.Select(point => point.Y)];
        ScottPlot.Plottables.Scatter curve = plot.Add.Scatter(xs, ys, Of(tone));
        (curve.LineWidth, curve.LinePattern) = (series.Apart ? 0 : 1.8f, SeriesPattern(place));
        curve.MarkerSize = marked ? width < 600 ? 6 : 7 : 0;
        curve.MarkerShape = SeriesShape(place);
        SeriesPoint[] known = [.. series.Points.Where(point => point.Interval is not null)];
        if (known.Length == 0) return;
        AddWhiskers(plot, [.. known.Select(point => point.X + shift)], [.. known.Select(point => point.Y)],
            [.. known.Select(point => point.Interval!.Value)], Of(tone), 1, 2.5f);
    }

    /// <summary>Whiskers from the low to the high end of each point's interval: upright, or lying along the horizontal axis.
    /// A point outside of its interval has none on the far side.</summary>
    private static void AddWhiskers(Plot plot, double[] xs, double[] ys, Interval[] intervals, ScottPlot.Color color, float width,
        float cap, bool lying = false)
    {
        double[] values = lying ? xs : ys, above = [.. intervals.Zip(values, (interval, value) => Math.Max(0, interval.High - value))],
            below = [.. intervals.Zip(values, (interval, value) => Math.Max(0, value - interval.Low))];
        plot.PlottableList.Add(new ScottPlot.Plottables.ErrorBar(xs, ys, xErrorsPositive: lying ? above : null, xErrorsNegative: lying
            ? below : null, yErrorsPositive: lying ? null : above, yErrorsNegative: lying ? null : below)
        {
            Color = color, LineWidth = width, CapSize = cap,
        });
    }

    private static Tone SeriesTone(int i) => Palette.Series[i % Palette.Series.Length];

    private static LinePattern SeriesPattern(int i) => Patterns[i / Palette.Series.Length % Patterns.Length];

    private static MarkerShape SeriesShape(int i) =>
        (i % 3) switch { 0 => MarkerShape.FilledCircle, 1 => MarkerShape.FilledSquare, _ => MarkerShape.FilledTriangleUp };
}
