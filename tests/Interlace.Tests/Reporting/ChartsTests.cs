using System.Text.RegularExpressions;
using System.Xml.Linq;
using Interlace.Reporting;
using SkiaSharp;

namespace Interlace.Tests.Reporting;

public sealed class ChartsTests
{
    private static readonly Dictionary<string, Func<Chart>> All = new(StringComparer.Ordinal)
    {
        ["triplets"] = () => Charts.Triplets(SampleReport.Similarity, SampleReport.Plan),
        ["triplets without a plan"] = () => Charts.Triplets(SampleReport.Similarity),
        ["layers"] = () => Charts.Layers(SampleReport.Similarity, SampleReport.Plan),
        ["layers without a plan"] = () => Charts.Layers(SampleReport.Similarity with { LayerErrors = null }),
        ["loss"] = () => Charts.Loss(SampleReport.Training),
        ["scores"] = () => Charts.Scores(SampleReport.Full.Models),
        ["lines"] = () => Charts.Lines("lines", "lines", Many, new("across", "up", 100)),
        ["losses"] = () => Charts.Losses("losses", [("one", SampleReport.Training), ("two", SampleReport.MakeTraining(20))]),
        ["ranking"] = () => Charts.Ranking("ranking", "ranking", [.. Many.Select((s, i) => new RankedValue(s.Name, s.Points[0].Y, s.Points[0].Interval, i % 3))], "percent", 100),
        ["perplexities"] = () => Charts.Perplexities("perplexities", "perplexities", Measured(2, 20, 900)),
        ["perplexities of many texts"] = () => Charts.Perplexities("perplexities", "perplexities", Measured(5, 20.1, 20.2)),
        ["violins"] = () => Charts.Violins("violins", "violins", [new("first", [90, 95, 97, 104]), new("second", [70, 70, 71])], "percent", 100),
    };

    private static Series[] Many => [.. Enumerable.Range(0, 11).Select(s => new Series($"series {s}", [.. Enumerable.Range(1, s < 2 ? 4 : 1).Select(x => new SeriesPoint(5 * x, 95 - s - x, new(90 - s - x, 97 - s - x)))], Apart: s >= 2))];

    private static ModelLikelihoods[] Measured(int texts, double low, double high) => [.. new[] { low, high }.Select((value, i) =>
        new ModelLikelihoods($"model {i}", [.. Enumerable.Range(0, texts).Select(t =>
            new LikelihoodScore($"text {t}", value + t, i == 0 ? new(value - 1, value + 9) : null))], [], 1.5))];

    public static TheoryData<string, int> Drawings => [.. from name in All.Keys from width in new[] { Chart.Wide, Chart.Narrow } select (name, width)];

    [Theory]
    [MemberData(nameof(Drawings))]
    public void Drawings_are_well_formed_with_real_text_inside_the_frame(string name, int width)
    {
        XElement svg = XDocument.Parse(All[name]().Svg(width)).Root!;
        XElement[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text")];
        Assert.True(texts.Length > 6, $"only {texts.Length} texts");
        Assert.All(texts, text => Assert.Matches(@"\S", text.Value));
        Assert.All(texts, text => Assert.Single(((string)text.Attribute("x")!).Split(',')));
        Assert.Equal(width, (int)svg.Attribute("width")!);
    }

    [Theory]
    [MemberData(nameof(Drawings))]
    public void Drawings_are_the_same_bytes_each_time(string name, int width) => Assert.Equal(All[name]().Svg(width), All[name]().Svg(width));

    [Theory]
    [MemberData(nameof(Drawings))]
    public void Ids_are_used_and_differ_between_charts_of_one_page(string name, int width)
    {
        string svg = All[name]().Svg(width);
        string[] ids = [.. Regex.Matches(svg, "id=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];
        Assert.Distinct(ids);
        Assert.All(Regex.Matches(svg, @"url\(#([^)]+)\)").Select(match => match.Groups[1].Value), reference => Assert.Contains(reference, ids));
        Assert.All(ids, id => Assert.Matches($"^[a-z]+-{width}-", id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whiskers_reach_from_the_low_to_the_high_end(bool ranking)
    {
        (double Value, Interlace.Evaluation.Scoring.Interval Interval)[] points = [(50, new(20, 60)), (90, new(89, 99))];
        Chart chart = ranking ? Charts.Ranking("ranking", "ranking", [.. points.Select((p, i) => new RankedValue($"{i}", p.Value, p.Interval, 0))], "percent")
            : Charts.Lines("lines", "lines", [new("one", [.. points.Select((p, i) => new SeriesPoint(i, p.Value, p.Interval))])], new("across", "up"));
        string svg = chart.Svg();
        double[] centres = [.. Regex.Matches(svg, ranking ? "<ellipse[^>]* cx=\"([^\"]+)\"" : "<ellipse[^>]* cy=\"([^\"]+)\"").Select(match => Number(match.Groups[1].Value)).Take(2)];
        double[][] ends = [.. Regex.Matches(svg, @"M([\d.]+) ([\d.]+)L[\d.]+ [\d.]+M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)M").Where(match => match.Groups[ranking ? 4 : 3].Value == match.Groups[ranking ? 6 : 5].Value)
            .Select(match => new[] { Number(match.Groups[ranking ? 3 : 4].Value), Number(match.Groups[ranking ? 5 : 6].Value) })];
        double unit = (centres[1] - centres[0]) / (points[1].Value - points[0].Value);
        foreach (var (i, point) in points.Index())
            Assert.Contains(ends, end => Math.Abs(end[0] - centres[i] - (point.Interval.Low - point.Value) * unit) < 0.1 && Math.Abs(end[1] - centres[i] - (point.Interval.High - point.Value) * unit) < 0.1);

        static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Every_colour_has_a_counterpart_for_dark_pages()
    {
        foreach (Func<Chart> make in All.Values)
        {
            string svg = make().Svg();
            string style = Regex.Match(svg, "<style.*?</style>").Value, drawing = svg.Replace(style, "", StringComparison.Ordinal);
            Assert.NotEmpty(style);
            foreach (string colour in Regex.Matches(drawing, "(?:fill|stroke)=\"([^\"]+)\"").Select(match => match.Groups[1].Value).Distinct().Where(colour => colour != "none"))
                Assert.True(style.Contains($"[fill=\"{colour}\"]", StringComparison.Ordinal) || Invisible(drawing, colour), $"{colour} stays as it is on a dark page");
        }
        static bool Invisible(string drawing, string colour) =>
            Regex.Matches(drawing, $"<[^>]*=\"{colour}\"[^>]*>").All(match => match.Value.Contains("-opacity=\"0\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("triplets")]
    [InlineData("scores")]
    public void A_picture_has_the_asked_size_and_holds_ink(string name)
    {
        using SKBitmap bitmap = SKBitmap.Decode(All[name]().Png(400, scale: 1.5));
        Assert.Equal(600, bitmap.Width);
        HashSet<SKColor> colours = [.. bitmap.Pixels];
        Assert.Equal(SKColors.White, bitmap.GetPixel(0, 0));
        Assert.True(colours.Count > 50);
    }

    [Fact]
    public void Values_far_below_the_rest_are_written_at_the_edge()
    {
        Assert.Contains(">0.318<", Charts.Triplets(SampleReport.Similarity, SampleReport.Plan).Svg(), StringComparison.Ordinal);
        Assert.Contains(">0.344<", Charts.Layers(SampleReport.Similarity).Svg(), StringComparison.Ordinal);
        Assert.DoesNotContain(">0.952<", Charts.Layers(SampleReport.Similarity).Svg(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Chart.Wide)]
    [InlineData(Chart.Narrow)]
    public void A_legend_leaves_out_no_series_and_stays_inside(int width)
    {
        XElement svg = XDocument.Parse(All["lines"]().Svg(width)).Root!;
        XElement[] names = [.. svg.Descendants().Where(element => element.Name.LocalName == "text" && element.Value.StartsWith("series", StringComparison.Ordinal))];
        Assert.Equal(Many.Select(series => series.Name), names.Select(name => name.Value).OrderBy(name => int.Parse(name.Split(' ')[1])));
        if (width == Chart.Narrow) Assert.All(names, name => Assert.InRange((double)name.Attribute("y")!, 290, (double)svg.Attribute("height")!));
    }

    [Fact]
    public void Every_score_stands_beside_its_bar()
    {
        string svg = Charts.Scores(SampleReport.Full.Models).Svg();
        Assert.All(SampleReport.Full.Models.SelectMany(model => model.Benchmarks).Select(score => score.Score).Concat(SampleReport.Full.Models.Select(model => model.Average)),
            score => Assert.Contains($">{score:0.0}<", svg, StringComparison.Ordinal));
    }

    [Fact]
    public void Long_logs_are_thinned_but_keep_their_peaks()
    {
        TrainingRow[] rows = [.. SampleReport.MakeTraining(20_000).Rows];
        int plain = Charts.Loss(new(rows)).Svg().Length;
        rows[7_777] = rows[7_777] with { Loss = 40 };
        string svg = Charts.Loss(new(rows)).Svg();
        Assert.InRange(plain, 10_000, 120_000);
        Assert.Contains(">40<", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_without_a_finite_loss_are_left_out()
    {
        TrainingRow[] rows = [.. SampleReport.Training.Rows];
        rows[3] = rows[3] with { Loss = double.NaN };
        Assert.DoesNotContain("NaN", Charts.Loss(new(rows)).Svg(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Charts.Loss(new([rows[3]])));
    }

    [Fact]
    public void A_single_step_and_equal_similarities_can_be_drawn()
    {
        XDocument.Parse(Charts.Loss(new([new(1, 0.5, 0, 0, 0, 0)])).Svg());
        XDocument.Parse(Charts.Layers(new([0.9, 0.9, 0.9], [0.9])).Svg());
        XDocument.Parse(Charts.Triplets(new([double.NaN, 0.9, 0.9, 0.8], [double.NaN, 0.7])).Svg());
        XDocument.Parse(Charts.Scores([new("dense", double.NaN, [new("A", 0)])]).Svg());
    }

    [Fact]
    public void Names_of_any_characters_leave_the_drawing_well_formed() =>
        XDocument.Parse(Charts.Scores([new("<b>&\"'\u0000\u0001", 3, [new("]]></svg><script>\ud800\uffff 測試 a name that is far too long for a chart", 3)])]).Svg());

    [Fact]
    public void Parts_that_disagree_are_refused()
    {
        Assert.Contains("16 layer similarities go with 14 triplet similarities, not 13", Assert.Throws<ArgumentException>(
            () => Charts.Triplets(SampleReport.Similarity with { Triplet = new double[13] })).Message, StringComparison.Ordinal);
        Assert.Contains("The plan is for 17 layers", Assert.Throws<ArgumentException>(() => Charts.Layers(SampleReport.Similarity, SampleReport.Plan with { LayerCount = 17 })).Message, StringComparison.Ordinal);
    }
}
