using System.Text;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Interlace.Reporting;

public static partial class Charts
{
    private static (Plot plot, int height) DrawScores(IReadOnlyList<ModelScores> models, int width)
    {
        Plot plot = NewPlot(width);
        string[] names = [.. models.SelectMany(model => model.Benchmarks).Select(score => score.Benchmark).Distinct(StringComparer.Ordinal),
            "average"];
        double pitch = 1.0 / (models.Count + 0.8);
        for (int m = 0; m < models.Count; m++)
            for (int b = 0; b < names.Length; b++)
            {
                if (ScoreOf(models[m], names, b) is not { } score || !double.IsFinite(score.Score)) continue;
                double centre = -b - (m - (models.Count - 1) / 2.0) * pitch;
                AddBar(plot, centre, 0.88 * pitch, score, Palette.Models[m % Palette.Models.Length],
                    labelled: models.Count * names.Length <= 80);
            }

        double highest = Math.Max(1, models.SelectMany((_, m) => names.Select((_, b) => ScoreOf(models[m], names, b)))
            .Max(score => Math.Max(score?.Score ?? 0, score?.Interval?.High ?? 0)));
        double end = (width < 600 ? 1.16 : 1.08) * highest;
        plot.Axes.SetLimits(0, end, -names.Length + 0.45, 0.55);
        plot.Axes.Left.TickGenerator =
            new NumericManual([.. names.Select((_, b) => (double)-b)], [.. names.Select(Label)]) { MaxTickCount = names.Length };
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.TickLabelStyle.ForeColor = Of(Palette.Ink);
        plot.Axes.Bottom.TickGenerator = ValueTicks(0, highest, width < 600 ? 4 : 8);
        plot.Axes.Bottom.Label.Text = "score in percent";
        plot.Grid.XAxisStyle.IsVisible = true;
        plot.Grid.YAxisStyle.IsVisible = false;
        AddLegend(plot, width, models.Select((model, m) => Swatch(Label(model.Name), Palette.Models[m % Palette.Models.Length])));
        return (plot, 90 + (int)(names.Length * (14 * models.Count + 12)));
    }

    private static BenchmarkScore? ScoreOf(ModelScores model, string[] names, int b) => b == names.Length - 1 ?
        new BenchmarkScore(names[b], model.Average,
            model.AverageInterval) : model.Benchmarks.FirstOrDefault(score => score.Benchmark == names[b]);

    private static void AddBar(Plot plot, double centre, double thickness, BenchmarkScore score, Tone tone, bool labelled)
    {
        ScottPlot.Plottables.Rectangle bar = plot.Add.Rectangle(0, score.Score, centre - thickness / 2, centre + thickness / 2);
        bar.FillColor = Of(tone);
        bar.LineWidth = 0;
        if (score.Interval is { } interval)
            plot.PlottableList.Add(new ScottPlot.Plottables.ErrorBar([score.Score], [centre],
                xErrorsPositive: [interval.High - score.Score], xErrorsNegative: [score.Score - interval.Low], null, null)
            {
                Color = Of(Palette.Ink), LineWidth = 1, CapSize = 2.5f,
            });
        if (!labelled) return;
        ScottPlot.Plottables.Text value = plot.Add.Text(Numbers.Score(score.Score), Math.Max(score.Score, score.Interval?.High ?? 0),
            centre);
        value.LabelFontName = ChartFont.Name;
        value.LabelFontSize = 10;
        value.LabelFontColor = Of(Palette.Ink);
        value.Alignment = Alignment.MiddleLeft;
        value.OffsetX = 4;
    }

    /// <summary>A name as a label: of one line, without characters that no XML may hold,
    /// and cut where it would push out the chart.</summary>
    private static string Label(string name)
    {
        string[] clean = [.. name.EnumerateRunes()
            .Select(rune => Rune.IsControl(rune) || rune.Value is 0xFFFE or 0xFFFF ? " " : rune.ToString())];
        return clean.Length <= 24 ? string.Concat(clean) : string.Concat(clean[..23]) + "…";
    }
}
