using Interlace.Calibration;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Interlace.Reporting;

/// <summary>The charts of a report.</summary>
public static partial class Charts
{
    /// <summary>
    /// Triplet similarity over the first layer of each triplet with the chosen triplets drawn over the three layers they cover,
    /// and the plan below (paper, Figure 2). Without a plan only
    /// the curve is drawn.
    /// </summary>
    /// <exception cref="ArgumentException">The counts of layers and triplets disagree.</exception>
    public static Chart Triplets(SimilarityData similarity, PlanData? plan = null)
    {
        Check(similarity, plan);
        return new("triplets", "Cosine similarity of triplets by their first layer, with the chosen triplets and the plan",
            width => DrawTriplets(similarity, plan, width));
    }

    /// <summary>Layer similarity by depth with standard errors; colours tell what the plan does with a layer.</summary>
    /// <exception cref="ArgumentException">The counts of layers and triplets disagree.</exception>
    public static Chart Layers(SimilarityData similarity, PlanData? plan = null)
    {
        Check(similarity, plan);
        return new("layers", "Cosine similarity of each layer's input and output, with standard errors",
            width => DrawLayers(similarity, plan, width));
    }

    /// <summary>How many times each layer raises the norm of the first position and, at most, of any; on a logarithmic axis.</summary>
    public static Chart Sinks(SinkProfile sinks) =>
        new("sinks", "How many times each layer raises the norm of a token", width => DrawSinks(sinks, width));

    /// <summary>The loss of every step and its running mean, validation losses, and the learning rate on an axis of its own.</summary>
    /// <exception cref="ArgumentException">There is no step with a finite loss.</exception>
    public static Chart Loss(TrainingData training) => training.Rows.Any(row => double.IsFinite(row.Loss)) ?
        new("loss", "Loss and learning rate by step", width => DrawLoss(training, width)) :
        throw new ArgumentException("The training log holds no step with a finite loss.", nameof(training));

    /// <summary>The scores of all models, grouped by benchmark, with 95 % intervals where known.</summary>
    /// <exception cref="ArgumentException">There is no model.</exception>
    public static Chart Scores(IReadOnlyList<ModelScores> models) => models.Count > 0 ?
        new("scores", "Scores by benchmark and model, in percent", width => DrawScores(models, width)) :
        throw new ArgumentException("There are no scores to draw.", nameof(models));

    private static Plot NewPlot(int width)
    {
        Plot plot = new();
        ChartFont.Apply(plot);
        float size = width < 600 ? 11 : 12;
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Of(Palette.Muted));
        plot.Axes.Frame(false);
        plot.Axes.Bottom.FrameLineStyle.IsVisible = true;
        plot.Axes.FrameColor(Of(Palette.Line));
        plot.Grid.MajorLineColor = Of(Palette.Line);
        plot.Grid.XAxisStyle.IsVisible = false;
        foreach (IAxis axis in plot.Axes.GetAxes())
        {
            axis.TickLabelStyle.FontSize = size;
            axis.Label.FontSize = size;
            axis.Label.Bold = false;
            axis.MajorTickStyle.Color = Of(Palette.Line);
            axis.MinorTickStyle.Length = 0;
        }
        return plot;
    }

    private static void AddLegend(Plot plot, int width, IEnumerable<LegendItem> items, Edge edge = Edge.Top)
    {
        plot.Legend.ManualItems = [.. items];
        if (plot.Legend.ManualItems.Count == 0) return;
        plot.Legend.DisplayPlottableLegendItems = false;
        plot.Legend.Orientation = edge == Edge.Top ? Orientation.Horizontal : Orientation.Vertical;
        plot.Legend.TightHorizontalWrapping = true;
        plot.Legend.FontName = ChartFont.Name;
        plot.Legend.FontSize = width < 600 ? 11 : 12;
        plot.Legend.FontColor = Of(Palette.Ink);
        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.Padding = new(0, 0);
        plot.Legend.SymbolWidth = 14;
        plot.ShowLegend(edge).Padding = new(4, 6);
    }

    private static LegendItem Swatch(string text, Tone tone) =>
        new() { LabelText = text, FillColor = Of(tone), LineWidth = 0, MarkerSize = 0 };

    private static LegendItem Stroke(string text, Tone tone, float width) =>
        new() { LabelText = text, LineColor = Of(tone), LineWidth = width, MarkerSize = 0 };

    private static IEnumerable<LegendItem> RoleSwatches(LayerRole[] roles) =>
        PlanRow.Legend.Where(roles.Contains).Select(role => Swatch(PlanRow.Name(role), Palette.Of(role)));

    /// <summary>Ticks at whole layers, about as many as there is room for.</summary>
    private static NumericManual LayerTicks(int count, int width)
    {
        int room = Math.Max(2, width / 36), step = new[] { 1, 2, 4, 5, 10, 20, 50 }.First(step => count / step <= room || step == 50);
        double[] places = [.. Enumerable.Range(0, count).Where(l => l % step == 0).Select(l => (double)l)];
        return new(places, [.. places.Select(place => Numbers.Write(place, "0"))]);
    }

    private static NumericManual ValueTicks(double low, double high, int room)
    {
        double[] places = ValuePlaces(low, high, room);
        return new(places, [.. places.Select(place => Numbers.Write(Math.Round(place, 12), "0.######"))]);
    }

    /// <summary>Round values from one end to the other, about as many as there is room for.</summary>
    private static double[] ValuePlaces(double low, double high, int room)
    {
        double raw = (high - low) / room, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = new[] { 1.0, 2, 2.5, 5, 10 }.Select(factor => factor * power).First(step => step >= raw * 0.999);
        List<double> places = [];
        for (double k = Math.Ceiling(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) places.Add(k * step + 0.0);
        return [.. places];
    }

    private static Color Of(Tone tone) => Color.FromHex(tone.Light);

    private static void Check(SimilarityData similarity, PlanData? plan)
    {
        int layers = similarity.Layer.Length;
        if (layers < 3 || similarity.Triplet.Length != layers - 2)
        {
            throw new ArgumentException($"{layers} layer similarities go with {Math.Max(0, layers - 2)} triplet similarities, "
                + $"not {similarity.Triplet.Length}.", nameof(similarity));
        }
        if (similarity.LayerErrors is { } errors && errors.Length != layers || similarity.TripletErrors is { } tripletErrors
            && tripletErrors.Length != layers - 2)
            throw new ArgumentException("Standard errors and similarities differ in number.", nameof(similarity));
        if (plan is not null && plan.LayerCount != layers)
            throw new ArgumentException($"The plan is for {plan.LayerCount} layers, the similarities are for {layers}.", nameof(plan));
    }
}
