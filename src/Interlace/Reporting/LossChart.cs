using ScottPlot;

namespace Interlace.Reporting;

public static partial class Charts
{
    /// <summary>More points than this are merged before drawing: no screen shows them.</summary>
    private const int MostPoints = 1200;

    private static (Plot plot, int height) DrawLoss(TrainingData training, int width)
    {
        Plot plot = NewPlot(width);
        TrainingRow[] rows = [.. training.Rows.Where(row => double.IsFinite(row.Loss))];
        ValidationLoss[] validation = [.. (training.Validation ?? []).Where(row => double.IsFinite(row.Loss))];
        (double step, double loss)[] raw = Thin(rows.Select(row => ((double)row.Step, row.Loss)).ToArray());
        (double step, double loss)[] mean = Thin(RunningMean(rows));

        ScottPlot.Plottables.Scatter rate = AddLine(plot, [.. rows.Select(row => ((double)row.Step, row.LearningRate))], Palette.Tune,
            1.2f);
        rate.LinePattern = LinePattern.Dashed;
        rate.Axes.YAxis = plot.Axes.Right;
        AddLine(plot, raw, Palette.Frozen, 1);
        AddLine(plot, mean, Palette.Drop, 2.2f);
        foreach (ValidationLoss point in validation)
            plot.Add.Marker(point.Step, point.Loss, MarkerShape.FilledDiamond, 10, Of(Palette.Ink));

        double low = Math.Min(raw.Min(point => point.loss), validation.Select(v => v.Loss).DefaultIfEmpty(double.MaxValue).Min());
        double high = Math.Max(raw.Max(point => point.loss), validation.Select(v => v.Loss).DefaultIfEmpty(double.MinValue).Max());
        double margin = Math.Max(0.06 * (high - low), 1e-3), top = rows.Max(row => row.LearningRate);
        double first = rows[0].Step, last = Math.Max(rows[^1].Step, first + 1), side = 0.012 * (last - first);
        plot.Axes.SetLimits(first - side, last + side, Math.Max(0, low - margin), high + margin);
        plot.Axes.SetLimitsY(0, top > 0 ? 1.06 * top : 1, plot.Axes.Right);
        plot.Axes.Left.TickGenerator = ValueTicks(Math.Max(0, low - margin), high + margin, 6);
        plot.Axes.Right.TickGenerator = new ScottPlot.TickGenerators.NumericManual([0, top], ["0", Numbers.Rate(top)]);
        plot.Axes.Bottom.TickGenerator = ValueTicks(first, last, width < 600 ? 5 : 10);
        plot.Axes.Left.Label.Text = "loss (nats a token)";
        plot.Axes.Bottom.Label.Text = "step";
        AddLegend(plot, width,
            [Stroke("loss of the step", Palette.Frozen, 1.5f), Stroke("running mean", Palette.Drop, 2.5f), .. validation.Length > 0
                ? [new LegendItem { LabelText = "validation", MarkerShape = MarkerShape.FilledDiamond, MarkerSize = 9,
                MarkerColor = Of(Palette.Ink), LineWidth = 0 }] : (LegendItem[])[],
             Stroke("learning rate (right axis)", Palette.Tune, 1.5f)]);
        return (plot, width < 600 ? 300 : 340);
    }

    private static ScottPlot.Plottables.Scatter AddLine(Plot plot, (double x, double y)[] points, Tone tone, float width)
    {
        (double x, double y)[] thin = Thin(points);
        ScottPlot.Plottables.Scatter line =
            plot.Add.ScatterLine(thin.Select(point => point.x).ToArray(), thin.Select(point => point.y).ToArray(), Of(tone));
        line.LineWidth = width;
        return line;
    }

    /// <summary>Centred mean over about a twentieth of the steps; at the ends over what there is.</summary>
    private static (double step, double loss)[] RunningMean(TrainingRow[] rows)
    {
        int half = Math.Max(2, rows.Length / 40);
        double[] sums = new double[rows.Length + 1];
        for (int i = 0; i < rows.Length; i++) sums[i + 1] = sums[i] + rows[i].Loss;
        return [.. rows.Select((row, i) =>
        {
            int from = Math.Max(0, i - half), to = Math.Min(rows.Length, i + half + 1);
            return ((double)row.Step, (sums[to] - sums[from]) / (to - from));
        })];
    }

    /// <summary>Keeps the lowest and the highest of each run of neighbours, so that no peak is lost.</summary>
    private static (double x, double y)[] Thin((double x, double y)[] points)
    {
        if (points.Length <= MostPoints) return points;
        int size = 2 * points.Length / MostPoints + 1;
        return [.. points.Chunk(size)
            .SelectMany(run => new[] { run.MinBy(point => point.y), run.MaxBy(point => point.y) }.Distinct().OrderBy(point => point.x))];
    }
}
