using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;
using Interlace.Reporting;

namespace Interlace.Tests.Reporting;

public sealed class ReportTests
{
    private static readonly string Page = Report.ToHtml(SampleReport.Full);

    /// <summary>Every part of the data left out once, and all of them together.</summary>
    private static readonly Dictionary<string, ReportData> Partial = new(StringComparer.Ordinal)
    {
        ["everything"] = SampleReport.Empty,
        ["training"] = SampleReport.Full with { Training = null },
        ["steps"] = SampleReport.Full with { Training = new([]) },
        ["examples"] = SampleReport.Full with { Examples = [] },
        ["images"] = SampleReport.Full with { Examples = [.. SampleReport.Full.Examples.Select(example => example with { Image = null, Benchmark = null })] },
        ["intervals"] = SampleReport.Full with
        {
            Models = [.. SampleReport.Full.Models.Select(model => new ModelScores(model.Name, model.Average, [.. model.Benchmarks.Select(score => new BenchmarkScore(score.Benchmark, score.Score))]))],
        },
        ["models"] = SampleReport.Full with { Models = [] },
        ["recovered model"] = SampleReport.Full with { Models = [.. SampleReport.Full.Models.Take(2)] },
        ["a benchmark of one model"] = SampleReport.Full with { Models = [SampleReport.Full.Models[0], SampleReport.Full.Models[1] with { Benchmarks = [] }] },
        ["plan"] = SampleReport.Full with { Plan = null },
        ["triplets"] = SampleReport.Full with { Plan = SampleReport.Plan with { Triplets = null } },
        ["similarity"] = SampleReport.Full with { Similarity = null },
        ["standard errors"] = SampleReport.Full with { Similarity = SampleReport.Similarity with { LayerErrors = null, TripletErrors = null } },
        ["stages"] = SampleReport.Full with { Stages = [] },
        ["memory"] = SampleReport.Full with { PeakMemoryBytes = null },
        ["settings"] = SampleReport.Full with { Settings = null, Seed = null, Protocol = null },
    };

    public static TheoryData<string> Missing => [.. Partial.Keys];

    [Fact]
    public void Same_data_give_the_same_bytes()
    {
        Assert.Equal(Page, Report.ToHtml(SampleReport.Full));
        Assert.Equal(Report.ToMarkdown(SampleReport.Full), Report.ToMarkdown(SampleReport.Full));
    }

    [Fact]
    public void Every_number_of_the_data_appears()
    {
        string page = WebUtility.HtmlDecode(Regex.Replace(Page, "<svg.*?</svg>", "", RegexOptions.Singleline)), markdown = Report.ToMarkdown(SampleReport.Full);
        Assert.All(NumbersOf(SampleReport.Full), number =>
        {
            Assert.Contains(number, page, StringComparison.Ordinal);
            Assert.Contains(number, markdown, StringComparison.Ordinal);
        });
        Assert.Contains("\"learning_rate\": 0.0005", page, StringComparison.Ordinal);
        Assert.Contains("seed 7", page, StringComparison.Ordinal);
        Assert.Contains("Interlace 0.1.0", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_share_regained_is_that_of_the_averages()
    {
        Assert.Equal((37.99 - 27.92) / (39.73 - 27.92), SampleReport.Full.ShareRegained!.Value, 12);
        Assert.Contains("85.3\u00A0%", WebUtility.HtmlDecode(Page), StringComparison.Ordinal);
        ReportData gained = SampleReport.Full with { Models = [SampleReport.Full.Models[0] with { Average = 20 }, .. SampleReport.Full.Models.Skip(1)] };
        Assert.Null(gained.ShareRegained);
        Assert.DoesNotContain("regained", Report.ToHtml(gained), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_fetched_and_nothing_runs()
    {
        Assert.DoesNotContain("http", Page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", Page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<link", Page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", Page, StringComparison.OrdinalIgnoreCase);
        Assert.All(Regex.Matches(Page, "(?:src|href)=\"([^\"]*)\"").Select(match => match.Groups[1].Value), target => Assert.StartsWith("data:image/png;base64,", target));
        Assert.All(Regex.Matches(Page, @"url\(([^)]*)\)").Select(match => match.Groups[1].Value), target => Assert.StartsWith("#", target));
        Assert.Equal(3, Regex.Count(Page, "<img "));
    }

    [Fact]
    public void Text_from_outside_is_never_markup()
    {
        const string evil = "</pre></textarea><script>alert('1')</script><img src=x onerror=\"go()\">&amp;\"'`|";
        ReportData data = new(evil, evil, evil)
        {
            Protocol = evil,
            Settings = new JsonObject { [evil] = evil },
            Plan = SampleReport.Plan with { Method = evil },
            Models = [new(evil, 1, [new(evil, 1)])],
            Examples = [new(evil, evil, [new(evil, evil, true)], [1, 2, 3], "image/png\" onload=\"go()", evil)],
            Stages = [new(evil, 1)],
        };
        string page = Report.ToHtml(data), markdown = Report.ToMarkdown(data);
        foreach (string text in new[] { page, markdown })
        {
            Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<img src=x", text, StringComparison.Ordinal);
        }
        Assert.Contains(WebUtility.HtmlEncode(evil), page, StringComparison.Ordinal);
        XDocument document = AsXml(page);
        Assert.Equal(["alt", "src"], Assert.Single(document.Descendants("img")).Attributes().Select(attribute => attribute.Name.LocalName));
        Assert.DoesNotContain(document.Descendants().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        string[] rows = [.. markdown.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Contains("script", StringComparison.Ordinal))];
        Assert.True(rows.Length >= 4);
        Assert.All(rows.Where(row => row.Contains("1.0", StringComparison.Ordinal)), row => Assert.Equal(3, Regex.Count(row, @"(?<!\\)\|")));
    }

    [Fact]
    public void An_image_of_another_type_than_image_is_left_out() =>
        Assert.DoesNotContain("data:", Report.ToHtml(SampleReport.Empty with { Examples = [new("q", "a", [], [1, 2], "text/html")] }), StringComparison.Ordinal);

    [Fact]
    public void The_image_of_an_example_is_embedded_byte_for_byte() =>
        Assert.Contains($"src=\"data:image/png;base64,{Convert.ToBase64String(SampleReport.Full.Examples[1].Image!)}\"", Page, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Missing))]
    public void A_missing_part_leaves_the_rest_well_formed(string part)
    {
        ReportData data = Partial[part];
        string html = Report.ToHtml(data), page = WebUtility.HtmlDecode(html), markdown = Report.ToMarkdown(data);
        AsXml(html);
        Assert.All(NumbersOf(data), number => Assert.Contains(number, page, StringComparison.Ordinal));
        Assert.All(NumbersOf(data), number => Assert.Contains(number, markdown, StringComparison.Ordinal));
    }

    [Fact]
    public void Sections_stand_only_where_there_is_something_to_show()
    {
        Assert.Equal(["Scores", "Plan", "Recovery", "Examples", "Cost"], Regex.Matches(Page, "<h2>(.*?)</h2>").Select(match => match.Groups[1].Value));
        Assert.DoesNotContain("<h2>", Report.ToHtml(SampleReport.Empty), StringComparison.Ordinal);
        Assert.DoesNotContain("##", Report.ToMarkdown(SampleReport.Empty), StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_are_listed_in_order_and_triplets_as_chosen()
    {
        string markdown = Report.ToMarkdown(SampleReport.Full with { Plan = SampleReport.Plan with { Drop = [13, 3, 9, 5] } });
        Assert.Contains("| dropped | 3, 5, 9, 13 |", markdown, StringComparison.Ordinal);
        Assert.Contains("as chosen | 5, 2, 8, 12 |", markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_are_unique_in_the_page() => Assert.Distinct(Regex.Matches(Page, " id=\"([^\"]+)\"").Select(match => match.Groups[1].Value));

    [Fact]
    public void Rows_of_each_markdown_table_have_equally_many_cells()
    {
        foreach (string table in Regex.Matches(Report.ToMarkdown(SampleReport.Full), @"(?:^\|.*\n)+", RegexOptions.Multiline).Select(match => match.Value))
            Assert.Single(table.TrimEnd().Split('\n').Select(row => Regex.Count(row, @"(?<!\\)\|")).Distinct());
    }

    /// <summary>The page is written so that an XML reader accepts it but for its doctype and the tags that HTML leaves open.</summary>
    private static XDocument AsXml(string page) => XDocument.Parse(Regex.Replace(page, @"^<!doctype html>\n|(?<tag><(?:meta|img)\b[^>]*)>", match => match.Groups["tag"].Success ? match.Groups["tag"].Value + "/>" : ""));

    private static IEnumerable<string> NumbersOf(ReportData data)
    {
        foreach (ModelScores model in data.Models)
        {
            yield return $"{model.Average:0.0}";
            foreach (Interval interval in new[] { model.AverageInterval, model.RelativeInterval }.OfType<Interval>()) yield return $"{interval.Low:0.0}–{interval.High:0.0}";
            if (model.Relative is { } relative) yield return $"{relative:0.0}";
            foreach (BenchmarkScore score in model.Benchmarks)
            {
                yield return score.Benchmark;
                yield return $"{score.Score:0.0}";
                if (score.Interval is { } interval) yield return $"{interval.Low:0.0}–{interval.High:0.0}";
                foreach (double share in new[] { score.ExtractionFailures, score.Truncated }.OfType<double>()) yield return $"{100 * share:0.0}\u00A0%";
            }
        }
        if (data.Similarity is { } similarity)
        {
            foreach (double value in similarity.Layer.Concat(similarity.Triplet)) yield return $"{value:0.0000}";
            foreach (double error in (similarity.LayerErrors ?? []).Concat(similarity.TripletErrors ?? [])) yield return $"± {error:G2}";
            yield return $"{similarity.Tokens:#,0} tokens of {similarity.Samples} samples";
        }
        if (data.Plan is { } plan) foreach (int[] layers in new[] { plan.Drop, plan.Tune, plan.Freeze, plan.Triplets ?? [] }) yield return string.Join(", ", layers);
        foreach (TrainingRow row in data.Training is { Rows: [var first, .., var last] } ? new[] { first, last } : [])
            foreach (string number in new[] { $"{row.Loss:0.0000}", $"{row.GradientNorm:0.####}", $"{row.SamplesPerSecond:0.####}", $"{row.MemoryBytes / 1073741824.0:0.00}\u00A0GiB" }) yield return number;
        foreach (ValidationLoss loss in data.Training?.Validation ?? []) yield return $"{loss.Loss:0.0000}";
        foreach (ExampleQuestion example in data.Examples) foreach (string text in new[] { example.Question, example.CorrectAnswer }.Concat(example.Answers.Select(answer => answer.Text))) yield return text;
        foreach (StageCost stage in data.Stages) yield return $"{stage.Seconds:0.0}\u00A0s";
        if (data.PeakMemoryBytes is { } bytes) yield return $"{bytes / 1073741824.0:0.00}\u00A0GiB";
    }
}
