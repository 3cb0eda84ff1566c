using Interlace.Evaluation.Scoring;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Interlace.Reporting;

public static partial class Charts
{
    /// <summary>Perplexities of all models, one below the other, on a logarithmic axis; thin lines stand at those of the first.</summary>
    /// <exception cref="ArgumentException">There is no perplexity.</exception>
    internal static Chart Perplexities(string key, string label, IReadOnlyList<ModelLikelihoods> models)
    {
        ModelLikelihoods[] shown = [.. models.Where(model => model.Texts.Count > 0)];
        string[] texts = [.. shown.SelectMany(model => model.Texts).Select(text => text.Name).Distinct(StringComparer.Ordinal)];
        return shown.Length > 0 ? new(key, label, width => DrawPerplexities(shown, texts, width), width => IsBelow(texts.Length, width)
                ? [.. texts.Select((text, t) => new LegendKey(Label(text), SeriesTone(t), t % 3, null))] : [])
            : throw new ArgumentException("There are no perplexities to draw.", nameof(models));
    }

    private static (Plot plot, int height) DrawPerplexities(ModelLikelihoods[] models, string[] texts, int width)
    {
        Plot plot = NewPlot(width);
        double low = double.MaxValue, high = 0, pitch = 0.7 / texts.Length;
        foreach (var (i, model) in models.Index())
            foreach (var score in model.Texts)
            {
                int t = Array.IndexOf(texts, score.Name);
                var interval = score.Interval ?? new(score.Value, score.Value);
                (low, high) = (Math.Min(low, Math.Min(score.Value, interval.Low)), Math.Max(high, Math.Max(score.Value, interval.High)));
                double at = Math.Log10(score.Value), row = -i - (t - (texts.Length - 1) / 2.0) * pitch;
                if (i == 0) plot.Add.VerticalLine(at, 1, Of(SeriesTone(t)));
                plot.Add.Marker(at, row, SeriesShape(t), 8, Of(SeriesTone(t)));
                AddWhiskers(plot, [at], [row], [new(Math.Log10(interval.Low), Math.Log10(interval.High))], Of(SeriesTone(t)), 1.4f, 3,
                    lying: true);
            }
        double margin = 0.05 * Math.Max(Math.Log10(high / low), 0.1);
        plot.Axes.SetLimits(Math.Log10(low) - margin, Math.Log10(high) + margin, -models.Length + 0.4, 0.6);
        plot.Axes.Left.TickGenerator = new NumericManual([.. models.Select((_, i) => (double)-i)],
            [.. models.Select(model => Label(model.Name))]) { MaxTickCount = models.Length };
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.TickLabelStyle.ForeColor = Of(Palette.Ink);
        plot.Axes.Bottom.TickGenerator = LogarithmicTicks(low, high, width < 600 ? 4 : 10);
        plot.Axes.Bottom.Label.Text = "perplexity, logarithmic";
        plot.Grid.XAxisStyle.IsVisible = true;
        plot.Grid.YAxisStyle.IsVisible = false;
        int height = 90 + models.Length * Math.Max(24, 10 + 11 * texts.Length);
        if (!IsBelow(texts.Length, width))
            AddLegend(plot, width, texts.Select((text, t) => new LegendItem
            {
                LabelText = Label(text), LineWidth = 0, MarkerSize = 8, MarkerShape = SeriesShape(t), MarkerColor = Of(SeriesTone(t)),
            }), texts.Length > FewSeries ? Edge.Right : Edge.Top);
        return (plot, height);
    }

    /// <summary>Ticks at 1, 2 and 5 times the powers of ten, fewer where there is no room, evenly spaced ones where that gives too few.
    /// </summary>
    private static NumericManual LogarithmicTicks(double low, double high, int room)
    {
        double[] Steps(params double[] factors) =>
            [.. Enumerable.Range((int)Math.Floor(Math.Log10(low)), (int)Math.Ceiling(Math.Log10(high / low)) + 2)
                .SelectMany(power => factors.Select(factor => factor * Math.Pow(10, power))).Where(tick => tick >= low && tick <= high)];
        double[][] choices = [Steps(1, 2, 5), Steps(1, 3), Steps(1)];
        double[] ticks = Array.Find(choices, steps => steps.Length <= room) ?? choices[^1];
        if (ticks.Length < 3 && high > low) ticks = ValuePlaces(low, high, room);
        return new([.. ticks.Select(Math.Log10)], [.. ticks.Select(tick => Numbers.Write(Math.Round(tick, 9), "0.######"))]);
    }
}
