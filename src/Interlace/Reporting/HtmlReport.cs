using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Interlace.Reporting;

/// <summary>Writes the page. What comes from outside passes through <see cref="Escape"/>.</summary>
internal sealed class HtmlReport(ReportData data)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StringBuilder _page = new();

    public string Write()
    {
        _page.Append($"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append($"<title>{Escape(data.Title)}</title>\n<style>\n{PageStyle.Css}</style>\n</head>\n<body>\n<main>\n");
        Headline();
        if (data.Models.Count > 0) Scores();
        if (data.Plan is not null || data.Similarity is not null) Plan();
        if (data.Training is { Rows.Count: > 0 } training) Recovery(training);
        if (data.Examples.Count > 0) Examples();
        if (data.Stages.Count > 0 || data.PeakMemoryBytes is not null) Cost();
        HowToRead();
        Settings();
        return _page.Append($"</main>\n<footer>Interlace {Escape(data.Version)}{(data.Seed is { } seed ? $" · seed {seed.ToString(CultureInfo.InvariantCulture)}" : "")}</footer>\n</body>\n</html>\n").ToString();
    }

    private void Headline()
    {
        _page.Append($"<header>\n<h1>{Escape(data.Title)}</h1>\n<p class=\"lead\">{Escape(Summary.Sentence(data))}</p>\n");
        if (data.Models.Count > 0)
        {
            _page.Append("<div class=\"tiles\">\n");
            foreach (ModelScores model in data.Models)
                Tile(Numbers.Score(model.Average), $"{model.Name}, average score", model.AverageInterval is { } interval ? $"95 %: {Numbers.Interval(interval)}" : "");
            if (data.ShareRegained is { } share) Tile(Numbers.Share(share), "of the loss regained", "(recovered − dropped) / (dense − dropped)");
            _page.Append("</div>\n");
        }
        if (data.Protocol is { } protocol) _page.Append($"<p class=\"note\">{Escape(protocol)}</p>\n");
        _page.Append("</header>\n");
    }

    private void Tile(string number, string what, string note) => _page.Append(
        $"<div class=\"tile\"><strong>{Escape(number)}</strong><span>{Escape(what)}</span>{(note.Length > 0 ? $"<small>{Escape(note)}</small>" : "")}</div>\n");

    private void Scores()
    {
        Open("Scores");
        Figure(Charts.Scores(data.Models), Intervals() ? "Headline score of each benchmark in percent; whiskers are 95 % intervals." : "Headline score of each benchmark in percent.");
        _page.Append("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">benchmark</th>").AppendJoin("", data.Models.Select(model => $"<th scope=\"col\" class=\"n\">{Escape(model.Name)}</th>")).Append("</tr></thead>\n<tbody>\n");
        foreach (string benchmark in Summary.Benchmarks(data.Models))
            Row(benchmark, data.Models.Select(model => Summary.Find(model, benchmark) is { } score ? ScoreCell(score) : ""));
        _page.Append("</tbody>\n<tfoot>\n");
        Row("average", data.Models.Select(model => Value(model.Average, model.AverageInterval)));
        if (data.Models.Any(model => model.Relative is not null))
            Row("relative performance", data.Models.Select(model => model.Relative is { } relative ? Value(relative, model.RelativeInterval) : ""));
        _page.Append("</tfoot>\n</table></div>\n");
        Close();
    }

    private bool Intervals() => data.Models.Any(model => model.AverageInterval is not null || model.Benchmarks.Any(score => score.Interval is not null));

    private static string ScoreCell(BenchmarkScore score)
    {
        string[] flaws =
        [
            .. score.ExtractionFailures is { } failures ? [$"<span>{Escape(Numbers.Share(failures))} unread</span>"] : (string[])[],
            .. score.Truncated is { } truncated ? [$"<span>{Escape(Numbers.Share(truncated))} cut</span>"] : (string[])[],
        ];
        return Value(score.Score, score.Interval) + (flaws.Length > 0 ? $"<small class=\"flaws\">{string.Concat(flaws)}</small>" : "");
    }

    private static string Value(double score, Interval? interval) => Numbers.Score(score) + (interval is { } known ? $"<small>{Numbers.Interval(known)}</small>" : "");

    private void Row(string head, IEnumerable<string> cells) =>
        _page.Append($"<tr><th scope=\"row\">{Escape(head)}</th>").AppendJoin("", cells.Select(cell => $"<td class=\"n\">{cell}</td>")).Append("</tr>\n");

    private void Plan()
    {
        Open(data.Plan is null ? "Similarity" : "Plan");
        if (data.Plan is { } plan)
        {
            _page.Append("<figure>\n");
            BothWidths(PlanRow.Svg(plan, 36, standalone: false), PlanRow.Svg(plan, 13, standalone: false));
            _page.Append("</figure>\n<dl>\n");
            foreach ((string name, int[] layers) in Summary.Sets(plan)) _page.Append($"<div><dt>{Escape(name)}</dt><dd>{string.Join(", ", layers)}</dd></div>\n");
            _page.Append("</dl>\n");
        }
        if (data.Similarity is { } similarity) Similarity(similarity);
        Close();
    }

    private void Similarity(SimilarityData similarity)
    {
        _page.Append($"<p>{Escape(Summary.Measured(similarity))}</p>\n");
        Figure(Charts.Triplets(similarity, data.Plan), data.Plan is null ? "Similarity of a triplet's input and output, over its first layer." :
            "Similarity of a triplet's input and output, over its first layer. The bars lie on the layers of the chosen triplets, in the colours of the plan below.");
        Figure(Charts.Layers(similarity, data.Plan), "Similarity of each layer's input and output. Whiskers are standard errors long enough to be seen; a triangle marks a value below the drawn range.");
        LayerRole[] roles = data.Plan is { } plan ? PlanRow.Roles(plan) : [];
        Table("All similarities", ["layer", "similarity", "triplet from here", "role"], Enumerable.Range(0, similarity.Layer.Length).Select(l => (string[])
            [l.ToString(CultureInfo.InvariantCulture), Summary.WithError(similarity.Layer, similarity.LayerErrors, l), Summary.WithError(similarity.Triplet, similarity.TripletErrors, l), l < roles.Length ? PlanRow.Name(roles[l]) : ""]));
    }

    private void Recovery(TrainingData training)
    {
        Open("Recovery");
        TrainingRow last = training.Rows[^1];
        _page.Append($"<p>{Numbers.Count(training.Rows.Count)} steps logged; the last, {last.Step.ToString(CultureInfo.InvariantCulture)}, had a loss of {Numbers.Loss(last.Loss)}.</p>\n");
        if (training.Rows.Any(row => double.IsFinite(row.Loss))) Figure(Charts.Loss(training), "Cross-entropy on answer tokens, and the learning rate.");
        if (training.Validation is { Count: > 0 } validation)
            Table("Validation losses", ["after step", "loss"], validation.Select(row => (string[])[row.Step.ToString(CultureInfo.InvariantCulture), Numbers.Loss(row.Loss)]));
        Table("Steps of the log", Summary.TrainingHeads, Summary.Sampled(training.Rows).Select(Summary.TrainingCells));
        Close();
    }

    private void Examples()
    {
        Open("Examples");
        _page.Append("<div class=\"cards\">\n");
        foreach (ExampleQuestion example in data.Examples)
        {
            _page.Append("<article>\n");
            if (example.Image is { Length: > 0 } image && example.ImageType.StartsWith("image/", StringComparison.Ordinal))
                _page.Append($"<img alt=\"the image of the question\" src=\"data:{Escape(example.ImageType)};base64,{Convert.ToBase64String(image)}\">\n");
            if (example.Benchmark is { } benchmark) _page.Append($"<p class=\"note\">{Escape(benchmark)}</p>\n");
            _page.Append($"<p class=\"said\" dir=\"auto\">{Escape(example.Question)}</p>\n<p><span class=\"note\">correct:</span> <bdi>{Escape(example.CorrectAnswer)}</bdi></p>\n<ul>\n");
            foreach (ExampleAnswer answer in example.Answers)
                _page.Append($"<li><b>{Escape(answer.Model)}</b> <span class=\"verdict {VerdictClass(answer.Right)}\">{Mark(answer.Right)} {Summary.Verdict(answer.Right)}</span><span class=\"said\" dir=\"auto\">{Escape(answer.Text)}</span></li>\n");
            _page.Append("</ul>\n</article>\n");
        }
        _page.Append("</div>\n");
        Close();
    }

    private static string VerdictClass(bool? right) => right switch { true => "right", false => "wrong", null => "part" };

    private static string Mark(bool? right) => right switch { true => "✓", false => "✗", null => "≈" };

    private void Cost()
    {
        Open("Cost");
        _page.Append("<table>\n<thead><tr><th scope=\"col\">stage</th><th scope=\"col\" class=\"n\">time</th></tr></thead>\n<tbody>\n");
        foreach (StageCost stage in data.Stages) Row(stage.Name, [Escape(Numbers.Seconds(stage.Seconds))]);
        _page.Append("</tbody>\n<tfoot>\n");
        if (data.Stages.Count > 1) Row("together", [Escape(Numbers.Seconds(data.Stages.Sum(stage => stage.Seconds)))]);
        if (data.PeakMemoryBytes is { } bytes) Row("peak memory", [Escape(Numbers.Memory(bytes))]);
        _page.Append("</tfoot>\n</table>\n");
        Close();
    }

    private void HowToRead()
    {
        _page.Append("<details>\n<summary>How to read this</summary>\n");
        string[] paragraphs =
        [
            "Layers are counted from 0. A dropped layer is gone from the model; a tuned one was trained afterwards; all others kept their weights. A frozen anchor is the third layer of a chosen triplet: it gives the tuned layer before it a fixed target.",
            "Similarity is the cosine between the hidden state that enters a layer, or three layers in a row, and the one that leaves. Near 1 it changes little. The method takes triplets from the most similar down and drops the more similar of the first two layers.",
            "Scores are in percent. An interval of 95 % covers the chance in which questions were asked, not that of training. Unread means that no choice could be read from an answer; cut means that it ran into the token limit. Two models differ only where more than chance would do it.",
            "Relative performance is the mean over benchmarks of score / score of the baseline. It means something only beside the baseline, the token limit and the share of layers dropped.",
        ];
        foreach (string paragraph in paragraphs) _page.Append($"<p>{Escape(paragraph)}</p>\n");
        _page.Append("</details>\n");
    }

    private void Settings()
    {
        if (data.Settings is { } settings) _page.Append($"<details>\n<summary>Settings</summary>\n<pre>{Escape(settings.ToJsonString(Indented))}</pre>\n</details>\n");
    }

    private void Table(string title, string[] heads, IEnumerable<string[]> rows)
    {
        _page.Append($"<details>\n<summary>{Escape(title)}</summary>\n<div class=\"scroll\"><table>\n<thead><tr>").AppendJoin("", heads.Select(head => $"<th scope=\"col\" class=\"n\">{Escape(head)}</th>")).Append("</tr></thead>\n<tbody>\n");
        foreach (string[] cells in rows) _page.Append("<tr>").AppendJoin("", cells.Select(cell => $"<td class=\"n\">{Escape(cell)}</td>")).Append("</tr>\n");
        _page.Append("</tbody>\n</table></div>\n</details>\n");
    }

    private void Figure(Chart chart, string caption)
    {
        _page.Append("<figure>\n");
        BothWidths(chart.Svg(Chart.Wide, standalone: false), chart.Svg(Chart.Narrow, standalone: false));
        _page.Append($"<figcaption>{Escape(caption)}</figcaption>\n</figure>\n");
    }

    private void BothWidths(string wide, string narrow) => _page.Append($"<div class=\"wide\">{wide}</div>\n<div class=\"narrow\">{narrow}</div>\n");

    private void Open(string title) => _page.Append($"<section>\n<h2>{Escape(title)}</h2>\n");

    private void Close() => _page.Append("</section>\n");

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
