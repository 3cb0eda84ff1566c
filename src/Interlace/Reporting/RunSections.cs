using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Calibration;

namespace Interlace.Reporting;

/// <summary>What there is to say about one run, section by section; a section stands only where its data are there.</summary>
internal static class RunSections
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole document.</summary>
    public static Document Document(ReportData data) =>
        new(data.Title, Summary.Sentence(data), data.Protocol, Tiles(data),
            [.. Findings(data), .. Cost(data), HowToRead, .. Settings(data.Settings)], Footer(data.Version, data.Seed));

    /// <summary>The numbers on top.</summary>
    public static IReadOnlyList<Tile> Tiles(ReportData data) =>
    [
        .. data.Models.Select(model => new Tile(Numbers.Score(model.Average), $"{model.Name}, average score",
            model.AverageInterval is { } interval ? $"95 %: {Numbers.Interval(interval)}" : "")),
        .. data.Models.Count == 0 ? data.Likelihoods.SelectMany(LikelihoodSections.Tiles) : [],
        .. data.Models.Count > 0 && data.ShareRegained is { } share
            ? [new Tile(Numbers.Share(share), "of the loss regained", "(recovered − dropped) / (dense − dropped)")]
            : (Tile[])[],
    ];

    /// <summary>Scores, plan, recovery and examples.</summary>
    public static IEnumerable<Section> Findings(ReportData data)
    {
        if (data.Models.Count > 0) yield return Scores(data.Models, data.Remarks);
        if (data.Likelihoods.Count > 0)
            yield return LikelihoodSections.Of(data.Likelihoods, remarks: data.Models.Count > 0 ? [] : data.Remarks);
        if (data.Plan is not null || data.Similarity is not null) yield return Plan(data.Plan, data.Similarity);
        if (data.Training is { Rows.Count: > 0 } training) yield return Recovery(training);
        if (data.Examples.Count > 0) yield return new("Examples", [new Cards(data.Examples)]);
    }

    /// <summary>The plan and the similarities that it was made from.</summary>
    /// <param name="plan">The plan, if any.</param>
    /// <param name="similarity">What was measured, if anything.</param>
    /// <param name="suffix">What tells the names of its drawings from those of another model.</param>
    public static Section Plan(PlanData? plan, SimilarityData? similarity, string suffix = "") =>
        new(plan is null ? "Similarity" : "Plan",
            [.. plan is null ? [] : PlanBlocks(plan, suffix), .. similarity is null ? [] : SimilarityBlocks(similarity, plan, suffix)]);

    /// <summary>What the words of the report mean.</summary>
    public static Section HowToRead { get; } = new(null, [new Folded("How to read this",
    [
        new Paragraph("Layers are counted from 0. A dropped layer is gone from the model; a tuned one was trained afterwards; "
            + "all others kept their weights. A frozen anchor is the third layer of a chosen triplet: "
            + "it gives the tuned layer before it a fixed target."),
        new Paragraph("Similarity is the cosine between the hidden state that enters a layer, or three layers in a row, "
            + "and the one that leaves. Near 1 it changes little. "
            + "The method takes triplets from the most similar down and drops the more similar of the first two layers."),
        new Paragraph("Scores are in percent. An interval of 95 % covers the chance in which questions were asked, not that of training. "
            + "Unread means that no choice could be read from an answer; cut means that it ran into the token limit. "
            + "Two models differ only where more than chance would do it."),
        new Paragraph("Relative performance is the mean over benchmarks of score / score of the baseline; "
            + "its interval draws the same questions for both. It means something only beside the baseline, "
            + "the token limit and the share of layers dropped."),
    ])], PageOnly: true);

    /// <summary>The settings, folded.</summary>
    public static IEnumerable<Section> Settings(JsonNode? settings)
    {
        if (settings is not null)
            yield return new(null, [new Folded("Settings", [new Verbatim(settings.ToJsonString(Indented))])], PageOnly: true);
    }

    /// <summary>The last line.</summary>
    public static string Footer(string version, int? seed)
    {
        const string program = "interlace ";
        string number = version.StartsWith(program, StringComparison.Ordinal) ? version[program.Length..] : version;
        string drawn = seed is { } known ? $" · seed {known.ToString(CultureInfo.InvariantCulture)}" : "";
        return $"Interlace {number}{drawn}";
    }

    private static Section Scores(IReadOnlyList<ModelScores> models, IReadOnlyList<string> remarks)
    {
        bool intervals = models.Any(model => model.AverageInterval is not null
            || model.Benchmarks.Any(score => score.Interval is not null));
        List<Row> rows = [.. Summary.Benchmarks(models)
            .Select(benchmark => new Row(benchmark,
            [.. models.Select(model => Summary.Find(model, benchmark) is { } score ? ScoreCell(score) : Cell.Empty)]))];
        rows.Add(new("average", [.. models.Select(model => Cell.Percent(model.Average, model.AverageInterval))], IsMean: true));
        if (models.Any(model => model.Relative is not null))
            rows.Add(new("relative performance", [.. models.Select(model => Cell.Percent(model.Relative, model.RelativeInterval))],
                IsMean: true));
        return new("Scores",
        [
            Figure.Of(Charts.Scores(models), intervals
                ? "Headline score of each benchmark in percent; whiskers are 95 % intervals."
                : "Headline score of each benchmark in percent."),
            new Table("run-scores", "benchmark", [.. models.Select(model => new Column(model.Name))], rows),
            .. remarks.Select(remark => new Paragraph(remark, Quiet: true)),
        ]);
    }

    private static Cell ScoreCell(BenchmarkScore score)
    {
        string[] flaws =
        [
            .. score.ExtractionFailures is { } failures ? [$"{Numbers.Share(failures)} unread"] : (string[])[],
            .. score.Truncated is { } truncated ? [$"{Numbers.Share(truncated)} cut"] : (string[])[],
        ];
        return Cell.Percent(score.Score, score.Interval, null, flaws);
    }

    private static IEnumerable<Block> PlanBlocks(PlanData plan, string suffix) =>
    [
        new Figure("plan" + suffix, "", (narrow, standalone) => PlanRow.Svg(plan, narrow ? 13 : 36, standalone), PlanRow.Text(plan)),
        new Facts("set", "layers", [.. Summary.Sets(plan).Select(set => (set.name, string.Join(", ", set.layers)))]),
        .. ComparedBlocks(plan, suffix),
    ];

    /// <summary>How the plans of several methods fared of which this one is the best.</summary>
    private static IEnumerable<Block> ComparedBlocks(PlanData plan, string suffix)
    {
        if (plan.Compared is not { } rows) yield break;
        yield return new Paragraph($"The plan of {plan.Chosen} was taken: of these methods' plans its pruned model has the lowest loss on "
            + "samples of the calibration, before any tuning.");
        yield return new Table("best" + suffix, "method", [new("loss"), new("bridged"), new("dropped", IsText: true)],
            [.. rows.Select(row => new Row(row.Method, [LossCell(row.Loss), LossCell(row.BridgedLoss),
            new(row.Missing ?? string.Join(", ", row.Drop))]))]);
    }

    private static Cell LossCell(double? loss) => loss is { } known ? new(Numbers.Loss(known), known) : Cell.Empty;

    private static IEnumerable<Block> SimilarityBlocks(SimilarityData similarity, PlanData? plan, string suffix)
    {
        LayerRole[] roles = plan is null ? [] : PlanRow.Roles(plan);
        return
        [
            new Paragraph(Summary.Measured(similarity)),
            Figure.Of(Charts.Triplets(similarity, plan).Renamed("triplets" + suffix),
                plan is null ? "Similarity of a triplet's input and output, over its first layer." :
                "Similarity of a triplet's input and output, over its first layer. The bars lie on the layers of the chosen triplets, "
                    + "in the colours of the plan below (paper, Figure 2)."),
            Figure.Of(Charts.Layers(similarity, plan).Renamed("layers" + suffix),
                "Similarity of each layer's input and output. Whiskers are standard errors long enough to be seen; "
                    + "a triangle marks a value below the drawn range."),
            .. similarity.Sinks is null ? [] : SinkBlocks(similarity.Sinks, plan, suffix),
            new Folded("All similarities",
                [new Table("similarities" + suffix, "layer", [new("similarity"), new("triplet from here"), new("role", IsText: true)],
                [.. Enumerable.Range(0, similarity.Layer.Length).Select(l => new Row(
                l.ToString(CultureInfo.InvariantCulture),
                [SimilarityCell(similarity.Layer, similarity.LayerErrors, l),
                SimilarityCell(similarity.Triplet, similarity.TripletErrors, l), new(l < roles.Length ? PlanRow.Name(roles[l]) : "")]))])]),
        ];
    }

    private static IEnumerable<Block> SinkBlocks(SinkProfile sinks, PlanData? plan, string suffix) =>
    [
        Figure.Of(Charts.Sinks(sinks).Renamed("sinks" + suffix),
            "How many times each layer raises the norm of a token, on a logarithmic scale: the mean at the first position of the samples, "
                + "and the largest anywhere. Above the line a layer writes an attention sink."),
        new Paragraph(sinks.InWords + (plan?.Guard is { } guard ? $" {guard}" : "")),
    ];

    private static Cell SimilarityCell(double[] values, double[]? errors, int l) =>
        new(Summary.WithError(values, errors, l), l < values.Length ? values[l] : null);

    private static Section Recovery(TrainingData training)
    {
        TrainingRow last = training.Rows[^1];
        List<Block> blocks = [new Paragraph($"{Numbers.Count(training.Rows.Count)} steps logged; "
            + $"the last, {last.Step.ToString(CultureInfo.InvariantCulture)}, had a loss of {Numbers.Loss(last.Loss)}.")];
        if (training.Rows.Any(row => double.IsFinite(row.Loss)))
            blocks.Add(Figure.Of(Charts.Loss(training), "Cross-entropy on answer tokens, and the learning rate."));
        if (training.Validation is { Count: > 0 } validation)
            blocks.Add(new Folded("Validation losses",
                [new Table(null, "after step", [new("loss")],
                [.. validation.Select(row => new Row(row.Step.ToString(CultureInfo.InvariantCulture),
                [new(Numbers.Loss(row.Loss), row.Loss)]))])]));
        blocks.Add(new Folded("Steps of the log",
            [new Table(null, Summary.TrainingHeads[0], [.. Summary.TrainingHeads[1..].Select(head => new Column(head))],
            [.. Summary.Sampled(training.Rows).Select(Summary.TrainingCells)
            .Select(cells => new Row(cells[0], [.. cells[1..].Select(cell => new Cell(cell))]))])]));
        return new("Recovery", blocks);
    }

    private static IEnumerable<Section> Cost(ReportData data)
    {
        if (data.Stages.Count == 0 && data.PeakMemoryBytes is null) yield break;
        List<Row> rows = [.. data.Stages.Select(stage => new Row(stage.Name, [new(Numbers.Seconds(stage.Seconds), stage.Seconds)]))];
        if (data.Stages.Count > 1) rows.Add(new("together", [new(Numbers.Seconds(data.Stages.Sum(stage => stage.Seconds)))], IsMean: true));
        if (data.PeakMemoryBytes is { } bytes) rows.Add(new("peak memory", [new(Numbers.Memory(bytes))], IsMean: true));
        yield return new("Cost", [new Table(null, "stage", [new("time")], rows)]);
    }
}
