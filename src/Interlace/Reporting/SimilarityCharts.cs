using ScottPlot;

namespace Interlace.Reporting;

public static partial class Charts
{
    private static (Plot plot, int height) DrawTriplets(SimilarityData similarity, PlanData? plan, int width)
    {
        Plot plot = NewPlot(width);
        double[] values = similarity.Triplet;
        (double low, double high) = Range(values, similarity.TripletErrors);
        int count = similarity.Layer.Length;
        LayerRole[] roles = plan is null ? [] : PlanRow.Roles(plan);
        int[] chosen = plan?.Triplets ?? [];

        foreach (int start in chosen) AddBand(plot, start, low, high);
        AddCurve(plot, values, low, Palette.Muted, width < 600 ? 4 : 6);
        foreach (int start in chosen)
            for (int l = start; l < start + 3; l++) AddPiece(plot, l, Math.Max(values[start], low), Of(Palette.Of(roles[l])));
        AddErrors(plot, values, similarity.TripletErrors, low, high);

        double strip = 0.16 * (high - low), bottom = plan is null ? low : low - 1.5 * strip;
        if (plan is not null) AddStrip(plot, roles, bottom + 0.1 * strip, strip, letters: (width - 70.0) / count > 14);
        Finish(plot, width, count, bottom, low, high, "similarity of triplet");
        plot.Axes.Bottom.Label.Text = "first layer of the triplet" + (plan is null ? "" : " (curve), layer (plan)");
        AddLegend(plot, width, RoleSwatches(roles));
        return (plot, width < 600 ? 340 : 380);
    }

    private static (Plot plot, int height) DrawLayers(SimilarityData similarity, PlanData? plan, int width)
    {
        Plot plot = NewPlot(width);
        double[] values = similarity.Layer;
        (double low, double high) = Range(values, similarity.LayerErrors);
        LayerRole[] roles = plan is null ? [] : PlanRow.Roles(plan);

        AddCurve(plot, values, low, Palette.Muted, plan is null ? 6 : 0);
        for (int l = 0; l < roles.Length; l++)
        {
            if (values[l] >= low) plot.Add.Marker(l, values[l], MarkerShape.FilledCircle, width < 600 ? 7 : 10, Of(Palette.Of(roles[l])));
        }
        AddErrors(plot, values, similarity.LayerErrors, low, high);
        Finish(plot, width, values.Length, low - 0.05 * (high - low), low, high, "similarity of layer");
        plot.Axes.Bottom.Label.Text = "layer";
        AddLegend(plot, width, RoleSwatches(roles));
        return (plot, width < 600 ? 280 : 320);
    }

    /// <summary>
    /// The range to draw: all values, but for those so far below the rest that they would flatten it (the first layer of many models).
    /// Such values sit on the lower edge with their number.
    /// </summary>
    private static (double low, double high) Range(double[] values, double[]? errors)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        if (sorted.Length == 0) return (0, 1);
        double quarter = sorted[sorted.Length / 4], threeQuarters = sorted[3 * sorted.Length / 4];
        double fence = quarter - 4 * Math.Max(threeQuarters - quarter, 0.005);
        double low = sorted.First(value => value >= fence), high = sorted[^1];
        if (errors is not null) high += errors.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        double margin = Math.Max(0.08 * (high - low), 0.001);
        return (low - margin, high + margin);
    }

    /// <summary>The curve of the values within range, broken where one is not; those below it are written at the lower edge.</summary>
    private static void AddCurve(Plot plot, double[] values, double low, Tone tone, float marker)
    {
        for (int from = 0; from < values.Length; from++)
        {
            int to = from;
            while (to < values.Length && values[to] >= low) to++;
            if (to > from) AddRun(plot, from, values[from..to], tone, marker);
            else if (double.IsFinite(values[from])) AddOutlier(plot, from, values[from], low, from < values.Length / 2, tone);
            from = Math.Max(from, to - 1);
        }
    }

    private static void AddRun(Plot plot, int from, double[] ys, Tone tone, float marker)
    {
        ScottPlot.Plottables.Scatter curve = plot.Add.Scatter(ys.Select((_, i) => (double)(from + i)).ToArray(), ys, Of(tone));
        curve.LineWidth = 1.2f;
        curve.MarkerSize = marker;
    }

    /// <summary>Whiskers of one standard error; those too short to be seen would only soil the markers.</summary>
    private static void AddErrors(Plot plot, double[] values, double[]? errors, double low, double high)
    {
        if (errors is null) return;
        int[] drawn = [.. Enumerable.Range(0, values.Length).Where(l => values[l] >= low && errors[l] > 0.008 * (high - low))];
        double[] spread = [.. drawn.Select(l => errors[l])];
        plot.PlottableList.Add(new ScottPlot.Plottables.ErrorBar([.. drawn.Select(l => (double)l)], [.. drawn.Select(l => values[l])], null,
            null, spread, spread) { Color = Of(Palette.Ink), LineWidth = 1 });
    }

    private static void AddOutlier(Plot plot, int layer, double value, double low, bool left, Tone tone)
    {
        plot.Add.Marker(layer, low, MarkerShape.FilledTriangleDown, 9, Of(tone)).MarkerStyle.LineWidth = 0;
        ScottPlot.Plottables.Text note = plot.Add.Text(Numbers.Write(value, "0.000"), layer, low);
        note.LabelFontName = ChartFont.Name;
        note.LabelFontColor = Of(Palette.Ink);
        note.LabelFontSize = 11;
        note.Alignment = left ? Alignment.LowerLeft : Alignment.LowerRight;
        (note.OffsetX, note.OffsetY) = (left ? 7 : -7, 2);
    }

    private static void AddBand(Plot plot, int start, double low, double high)
    {
        ScottPlot.Plottables.Rectangle band = plot.Add.Rectangle(start - 0.46, start + 2.46, low, high);
        band.FillColor = Of(Palette.Card);
        band.LineWidth = 0;
    }

    private static void AddPiece(Plot plot, int layer, double similarity, Color color)
    {
        ScottPlot.Plottables.Scatter piece = plot.Add.ScatterLine(new[] { layer - 0.44, layer + 0.44 }, new[] { similarity, similarity },
            color);
        piece.LineWidth = 5;
    }

    private static void AddStrip(Plot plot, LayerRole[] roles, double bottom, double height, bool letters)
    {
        for (int l = 0; l < roles.Length; l++)
        {
            ScottPlot.Plottables.Rectangle cell = plot.Add.Rectangle(l - 0.45, l + 0.45, bottom, bottom + height);
            cell.FillColor = Of(Palette.Of(roles[l]));
            cell.LineWidth = 0;
            if (!letters || roles[l] == LayerRole.Frozen) continue;
            ScottPlot.Plottables.Text letter = plot.Add.Text(PlanRow.Symbol(roles[l]).ToString(), l, bottom + height / 2);
            letter.LabelFontName = ChartFont.Name;
            letter.LabelFontColor = Of(Palette.LetterOn(roles[l]));
            letter.LabelFontSize = 12;
            letter.Alignment = Alignment.MiddleCenter;
        }
    }

    private static void Finish(Plot plot, int width, int layers, double bottom, double low, double high, string label)
    {
        plot.Axes.SetLimits(-0.7, layers - 0.3, bottom, high);
        plot.Axes.Bottom.TickGenerator = LayerTicks(layers, width);
        plot.Axes.Left.TickGenerator = ValueTicks(low, high, 6);
        plot.Axes.Left.Label.Text = label;
    }
}
