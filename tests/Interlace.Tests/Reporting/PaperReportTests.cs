using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Reporting;
using Interlace.Tests.Cli;
using Interlace.Vlm;

namespace Interlace.Tests.Reporting;

/// <summary>A matrix of the paper's 8B model with short answers, a run of its 4B model with long ones; made once.</summary>
public sealed class ReportedRuns : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public ReportedRuns()
    {
        Matrix = new PaperRuns(_scratch.At("matrix", "x")[..^2]).Matrix("Qwen3-VL-8B-Instruct");
        Written = PaperReport.Write([Matrix], Target = _scratch.At("report"));
    }

    public string Matrix { get; }

    public string Target { get; }

    public WrittenReport Written { get; }

    public string Page => File.ReadAllText(Path.Combine(Target, "report.html"));

    public string Markdown => File.ReadAllText(Path.Combine(Target, "report.md"));

    public string[][] Csv(string name) => [.. File.ReadAllLines(Path.Combine(Target, "tables", name + ".csv")).Select(line => Regex.Matches(line, "(?:^|,)(?:\"((?:[^\"]|\"\")*)\"|([^,]*))").Select(field => field.Groups[1].Value + field.Groups[2].Value).ToArray())];

    public void Dispose() => _scratch.Dispose();
}

/// <summary>The tests that look at <see cref="ReportedRuns"/>.</summary>
[CollectionDefinition(Name)]
public sealed class ReportedRunsCollection : ICollectionFixture<ReportedRuns>
{
    public const string Name = "reported runs";
}

[Collection(ReportedRunsCollection.Name)]
public sealed class PaperReportTests(ReportedRuns runs)
{
    private static readonly Benchmark[] Three = [new("One", "One.tsv", BenchmarkKind.Choice, "GVQA"), new("Two", "Two.tsv", BenchmarkKind.Choice, "GVQA"), new("Three", "Three.tsv", BenchmarkKind.Choice)];

    [Fact]
    public void Every_table_and_figure_stands_that_there_is_data_for()
    {
        string[] titles = [.. Regex.Matches(runs.Page, "<h2>(.*?)</h2>").Select(match => match.Groups[1].Value)];
        Assert.Equal(["Results", "Relative performance", "Table 1: relative performance by ratio", "Table 2: methods compared", "Table 3: ablations relative to Interlace", "Table 4: time to the first token",
            "Table 5: ablations by benchmark", "Table 6: tuning without dropping", "Plan: Interlace 25&#160;%, Qwen3-VL-8B-Instruct", "Recovery, Qwen3-VL-8B-Instruct", "Cost"], titles);
        Assert.Equal(["layers", "losses", "plan", "ranking", "retention-by-ratio", "retention-by-speed", "triplets", "violins"], Directory.EnumerateFiles(Path.Combine(runs.Target, "figures")).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));
        foreach (string figure in Directory.EnumerateFiles(Path.Combine(runs.Target, "figures"))) Assert.Contains(XDocument.Load(figure).Descendants(), element => element.Name.LocalName == "text");
        Assert.All(Regex.Matches(runs.Markdown, @"\]\(([^)]+\.svg)\)").Select(match => match.Groups[1].Value), picture => Assert.True(File.Exists(Path.Combine(runs.Target, picture)), picture));
        Assert.Equal(runs.Written.Files, Directory.EnumerateFiles(runs.Target, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(runs.Target, file).Replace('\\', '/')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_same_folders_give_the_same_bytes_wherever_they_lie()
    {
        using ScratchFolder scratch = new();
        string elsewhere = scratch.At("else", "where", "matrix");
        foreach (string file in Directory.EnumerateFiles(runs.Matrix, "*", SearchOption.AllDirectories)) File.Copy(file, scratch.At(["else", "where", "matrix", .. Path.GetRelativePath(runs.Matrix, file).Split(Path.DirectorySeparatorChar)]));
        foreach (string file in PaperReport.Write(elsewhere).Files) Assert.True(File.ReadAllText(Path.Combine(runs.Target, file)) == File.ReadAllText(Path.Combine(elsewhere, file)), file);
    }

    [Fact]
    public void Numbers_are_those_of_the_comparison_of_runs()
    {
        ScoredRun dense = ScoredRun.Load("dense", Path.Combine(runs.Matrix, "dense")), small = ScoredRun.Load("small", Path.Combine(runs.Matrix, "variants", "interlace-25", "evaluated", "recovered"));
        ComparedRun compared = RunComparison.Of([dense, small], 0).Runs[0];
        string[][] table = runs.Csv("table-1");
        int column = Array.IndexOf(table[0], "Qwen3-VL-8B-Instruct, 25\u00A0% recovered");
        foreach (Retained retained in compared.Benchmarks.Append(compared.Overall with { Name = "Overall" }))
        {
            string[] row = table.First(row => row[1] == retained.Name);
            Assert.Equal([retained.Retention!.Value, .. retained.RetentionInterval!], row[column..(column + 3)].Select(double.Parse), (a, b) => Math.Abs(a - b) < 1e-9);
        }
        Assert.Equal(compared.Groups.Select(group => group.Retention!.Value), table.Where(row => row[1] == "Average").Select(row => double.Parse(row[column])), (a, b) => Math.Abs(a - b) < 1e-9);
        ReportedResult result = runs.Written.Results.Single(result => result.Treatment == "Interlace 25\u00A0%");
        Assert.Equal((compared.Overall.Score, compared.Overall.Retention!.Value), (result.Average!.Value, result.Relative!.Value), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-9 && Math.Abs(a.Item2 - b.Item2) < 1e-9);
        Assert.InRange(result.Average.Value, result.AverageInterval!.Value.Low, result.AverageInterval.Value.High);
        Assert.Contains($"<small>{compared.Overall.RetentionInterval![0]:0.0}–{compared.Overall.RetentionInterval[1]:0.0}</small>", runs.Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Methods_stand_as_in_the_paper_and_seeds_are_one_row()
    {
        Assert.Equal(["Dense", "Dense-FT", "Wanda 2:4", "Magnitude 2:4", "SLEB", "SLEB-FT", "ShortGPT", "Streamline", "Interlace, untuned", "Interlace"], runs.Csv("table-2")[1..].Select(row => row[0]));
        Assert.Equal(["Consecutive", "Random", "Interlace-OA", "Interlace-TN"], runs.Csv("table-3")[1..].Select(row => row[0]));
        Assert.Equal(["Consecutive", "Random", "Interlace-OA", "Interlace-TN", "Interlace", "Dense"], runs.Csv("table-5")[0].Where(name => !name.Contains(", ", StringComparison.Ordinal)).Skip(1));
        ReportedResult random = runs.Written.Results.Single(result => result.Treatment == "Random 25\u00A0%");
        Assert.Equal(3, random.Runs.Count);
        double[] averages = [.. random.Runs.Select(run => ScoresFile.Load(Path.Combine(Path.GetDirectoryName(runs.Matrix)!, run, ScoresFile.Name)).Average!.Value)];
        Assert.Equal([averages.Average(), averages.Min(), averages.Max()], new[] { random.Average!.Value, random.AverageInterval!.Value.Low, random.AverageInterval.Value.High }, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Contains("range of 3 runs", runs.Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Speed_is_measured_where_a_latency_file_knows_the_model()
    {
        string[][] table = runs.Csv("table-2");
        double Speed(string method) => double.Parse(table.First(row => row[0] == method)[Array.IndexOf(table[0], "time to first token")]);
        Assert.Equal(1 + 0.7 * (36 / 27.0 - 1), Speed("Interlace"), 1e-9);
        Assert.Equal(Speed("Interlace"), Speed("SLEB-FT"));
        Assert.Equal(1, Speed("Dense"));
        Assert.Equal("", table.First(row => row[0] == "Wanda 2:4")[Array.IndexOf(table[0], "time to first token")]);
        Assert.DoesNotContain("ideal of the decoder</small>", runs.Page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_paper_prints_stands_only_beside_its_own_model_and_setting()
    {
        // Limited answers of the 8B model: Table 2, not the tables of long answers.
        string[][] compared = runs.Csv("table-2");
        Assert.Equal("88.9", compared.First(row => row[0] == "Interlace")[Array.IndexOf(compared[0], "RP, published")]);
        Assert.Equal("8.9", compared.First(row => row[0] == "Wanda 2:4")[Array.IndexOf(compared[0], "RP, published")]);
        Assert.Equal("", compared.First(row => row[0] == "ShortGPT")[Array.IndexOf(compared[0], "RP, published")]);
        Assert.DoesNotContain("published", string.Join(',', runs.Csv("table-1")[0]), StringComparison.Ordinal);
        Assert.DoesNotContain("published", string.Join(',', runs.Csv("table-3")[0]), StringComparison.Ordinal);
        Assert.Contains("1.18", runs.Csv("table-4").First(row => row[1] == "Overall"));
        Assert.Contains("published", string.Join(',', runs.Csv("table-6")[0]), StringComparison.Ordinal);

        using ScratchFolder scratch = new();
        string four = new PaperRuns(scratch.At("four", "x")[..^2], maxNewTokens: 16_384, questions: 6).Ordinary("Qwen3-VL-4B-Instruct"), other = new PaperRuns(scratch.At("other", "x")[..^2], maxNewTokens: 16_384, questions: 6).Ordinary("Another-8B");
        PaperReport.Write([four], scratch.At("four-report"));
        PaperReport.Write([other], scratch.At("other-report"));
        string page = File.ReadAllText(scratch.At("four-report", "report.html"));
        Assert.Contains("<small>published 81.7</small>", page, StringComparison.Ordinal);
        Assert.Contains("<small>published 79.7</small>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("published", File.ReadAllText(scratch.At("other-report", "report.html")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact, Trait("Category", "Golden")]
    public void The_published_numbers_are_the_papers()
    {
        JsonNode golden = Shared.Json("eval-cases", "paper-tables.json");
        string[] columns = [.. golden["columns"]!.AsArray().Select(name => (string)name!)];
        int[] dropped = [3, 5, 7, 9, 3, 5, 7, 9];
        foreach (var (table, find) in new (string, Func<string?, int, string, double?>)[] { ("table1", Published.RelativePerformance), ("table4", Published.SpeedUp) })
            foreach (var (row, values) in golden[table]!["rows"]!.AsObject().Concat(golden[table]!["group_average"]!.AsObject()).Append(new("Overall", golden[table]!["overall"])))
                for (int c = 0; c < columns.Length; c++) Assert.Equal((double)values![c]!, find(columns[c][..2], dropped[c], row));
        foreach (var (method, values) in golden["table2"]!.AsObject())
            Assert.Equal([.. values!["groups"]!.AsArray().Select(v => (double?)v), (double)values["avg"]!, (double)values["rp"]!], new[] { "Text/Chart", "GVQA", "Perception", "Inst&Sci", "Avg", "RP" }.Select(column => Published.Competitor(method, column)));
        foreach (var (method, values) in golden["table3"]!.AsObject()) Assert.Equal(values!.AsArray().Select(v => (double?)v), new[] { "Text/Chart", "GVQA", "Perception", "Inst&Sci", "Avg" }.Select(column => Published.Ablation(method, column)));
        foreach (var (i, method) in golden["table5"]!["columns"]!.AsArray().Index())
            foreach (var (row, values) in golden["table5"]!["rows"]!.AsObject().Append(new("Average", golden["table5"]!["average"]))) Assert.Equal((double?)values![i], Published.AblationScore((string)method!, row));
        foreach (var (i, (cot, method)) in new[] { (true, "Dense"), (true, "Dense-FT"), (false, "Dense"), (false, "Dense-FT") }.Index())
            foreach (var (row, values) in golden["table6"]!["rows"]!.AsObject().Append(new("Average", golden["table6"]!["average"]))) Assert.Equal((double?)values![i], Published.DenseScore(cot, method, row));
        Assert.Equal(("8B", "4B", null, null, null), (Published.Size("Qwen3-VL-8B-Instruct", 36), Published.Size("qwen3-vl-4b", null), Published.Size("Qwen3-VL-8B-Thinking", 36), Published.Size("Qwen3-VL-8B-Instruct", 28), Published.Size("demo", 36)));
        Assert.Null(Published.RelativePerformance("8B", 8, "AI2D"));
    }

    [Fact]
    public void Several_runs_of_one_model_and_lone_evaluations_come_together()
    {
        using ScratchFolder scratch = new();
        string ten = Small(scratch, "ten").Ordinary("tiny", 0.1), quarter = Small(scratch, "quarter").Ordinary("tiny"), alone = scratch.At("alone", "x")[..^2];
        Small(scratch, "alone").Evaluate(alone, 0.5, new("pruned", 24, 6, "short-gpt"));
        WrittenReport report = PaperReport.Write([ten, quarter, alone], scratch.At("report"));
        Assert.Equal(["Dense", "ShortGPT 25\u00A0%", "Interlace 10\u00A0%, untuned", "Interlace 10\u00A0%", "Interlace 25\u00A0%, untuned", "Interlace 25\u00A0%"], report.Results.Select(result => result.Treatment));
        Assert.All(report.Results, result => Assert.Equal("tiny", result.Model));
        string page = File.ReadAllText(scratch.At("report", "report.html"));
        Assert.Contains("no group", page, StringComparison.Ordinal);
        Assert.Contains("<dd>alone</dd>", page, StringComparison.Ordinal);
        Assert.Contains("ideal of the decoder", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_are_drawn_over_one_another_in_depth()
    {
        using ScratchFolder scratch = new();
        string one = Small(scratch, "one").Ordinary("tiny"), two = new PaperRuns(scratch.At("two", "x")[..^2], layers: 12, questions: 6) { Benchmarks = Three }.Ordinary("small");
        WrittenReport report = PaperReport.Write([one, two], scratch.At("report"));
        Assert.Contains("figures/depth-layers.svg", report.Files);
        Assert.Contains(">small<", File.ReadAllText(scratch.At("report", "figures", "depth-triplets.svg")), StringComparison.Ordinal);
        string page = File.ReadAllText(scratch.At("report", "report.html"));
        Assert.Distinct(Regex.Matches(page, " id=\"([^\"]+)\"").Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void An_ordinary_run_keeps_its_own_sections()
    {
        using ScratchFolder scratch = new();
        string run = Small(scratch, "run").Ordinary("tiny");
        PaperReport.Write(run);
        string[] titles = [.. Regex.Matches(File.ReadAllText(Path.Combine(run, "report.html")), "<h2>(.*?)</h2>").Select(match => match.Groups[1].Value)];
        Assert.Equal(["Scores", "Plan", "Recovery", "Results", "Relative performance", "Table 1: relative performance by ratio", "Cost"], titles);
    }

    [Fact]
    public void Intervals_of_a_single_run_are_paired_too()
    {
        using ScratchFolder scratch = new();
        string run = new PaperRuns(scratch.At("run", "x")[..^2], layers: 24) { Benchmarks = Three }.Ordinary("tiny");
        IReadOnlyList<ModelScores> models = RunReport.Read(run, new Experiment(Model: "tiny"), [], null).Models;
        ScoredRun Load(string name) => ScoredRun.Load(name, Path.Combine(run, "evaluated", name));
        Retained expected = RunComparison.Of([Load("dense"), Load("recovered")], 0).Runs[0].Overall;
        Assert.Equal(["dense", "dropped", "recovered"], models.Select(model => model.Name));
        Assert.Equal(new Interval(100, 100), models[0].RelativeInterval);   // the same questions for both: no doubt is left
        Assert.Equal((expected.Retention, new Interval(expected.RetentionInterval![0], expected.RetentionInterval[1])), (models[2].Relative, models[2].RelativeInterval!.Value));
        Assert.All(models, model => Assert.InRange(model.Average, model.AverageInterval!.Value.Low, model.AverageInterval.Value.High));
    }

    [Fact]
    public void Rows_of_every_table_have_equally_many_cells_and_nothing_is_fetched()
    {
        foreach (string table in Regex.Matches(runs.Markdown, @"(?:^\|.*\n)+", RegexOptions.Multiline).Select(match => match.Value))
            Assert.Single(table.TrimEnd().Split('\n').Select(row => Regex.Count(row, @"(?<!\\)\|")).Distinct());
        foreach (string table in Directory.EnumerateFiles(Path.Combine(runs.Target, "tables")).Select(file => Path.GetFileNameWithoutExtension(file))) Assert.Single(runs.Csv(table).Select(row => row.Length).Distinct());
        foreach (string never in new[] { "http", "<script", "<link", "@import" }) Assert.DoesNotContain(never, runs.Page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_page_says_nothing_of_the_machine()
    {
        foreach (string file in runs.Written.Files)
        {
            string text = File.ReadAllText(Path.Combine(runs.Target, file));
            Assert.DoesNotContain(Path.GetTempPath(), text, StringComparison.Ordinal);
            Assert.DoesNotContain("/models/", text, StringComparison.Ordinal);
            Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
        }
        Assert.Contains("\"model\": \"Qwen3-VL-8B-Instruct\"", WebUtility.HtmlDecode(runs.Page), StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_writes_into_the_first_run_unless_told_otherwise_and_refuses_what_is_no_run()
    {
        using ScratchFolder scratch = new();
        string run = Small(scratch, "run").Ordinary("tiny"), full = scratch.At("full", "note.txt");
        File.WriteAllText(full, "mine");
        CommandRun written = CommandRun.Of("report", run, "--json");
        Assert.Equal((0, ""), (written.Code, written.Error));
        Assert.Equal(run, (string)written.Json()["folder"]!);
        Assert.Contains("Interlace 25", CommandRun.Of("report", run, "--out", scratch.At("new")).Out, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("report", run, "--out", scratch.At("new")).Code);   // over an earlier report
        Assert.Contains("holds no report", CommandRun.Of("report", run, "--out", Path.GetDirectoryName(full)!).Refusal(), StringComparison.Ordinal);
        Assert.Contains("is a file", CommandRun.Of("report", run, "--out", full).Refusal(), StringComparison.Ordinal);
        Assert.Contains("holds no run", CommandRun.Of("report", Path.GetDirectoryName(full)!).Refusal(), StringComparison.Ordinal);
        Assert.Contains("There is no folder", CommandRun.Of("report", run, scratch.At("none")).Refusal(), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(run, "timings.json"), "{");
        Assert.Contains("no valid JSON", CommandRun.Of("report", run, "--out", scratch.At("never")).Refusal(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch.At("never")));
    }

    private static PaperRuns Small(ScratchFolder scratch, string name) => new(scratch.At(name, "x")[..^2], layers: 24, questions: 6) { Benchmarks = Three };
}
