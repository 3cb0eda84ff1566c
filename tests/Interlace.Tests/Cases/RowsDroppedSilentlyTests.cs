using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

/// <summary>
/// Rows that fall out of an evaluation are told, with how many and why, wherever its scores are shown;
/// where none is left there is no score.
/// </summary>
public sealed class RowsDroppedSilentlyTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Images_in_the_form_of_addresses_are_read()
    {
        var run = Evaluate(Shared.Require("cases", "rows-dropped-silently", "t-uri"));
        Assert.Equal(0, run.Code);
        var result = Assert.Single(ScoresFile.Load(_scratch.At("o", ScoresFile.Name)).Benchmarks);
        Assert.Equal(0, result.Skipped.Values.Sum());
        Assert.True(result.Percent > 50, $"{result.Percent}");
        Assert.DoesNotContain("left out", run.Out + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Paths_in_the_column_of_images_leave_no_row_and_are_refused_before_a_question_is_asked()
    {
        string sentence = Evaluate(Shared.Require("cases", "rows-dropped-silently", "t-path")).Refusal();
        Assert.Contains("No row of Mine.tsv can be asked (8 missing image)", sentence, StringComparison.Ordinal);
        Assert.Contains("files are named in a column image_path", sentence, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch.At("o", AnswersFile.Name)));
    }

    [Fact]
    public void Rows_whose_files_are_absent_are_counted_as_missing_on_the_screen_in_the_report_and_by_inspect()
    {
        const string said = "Mine: 3 of 8 rows left out: 3 missing image.";
        var run = Evaluate(Shared.Require("cases", "rows-dropped-silently", "t-ipath"));
        Assert.Equal(0, run.Code);
        Assert.Contains(said, run.Out, StringComparison.Ordinal);
        Assert.Contains(said, Evaluate(Shared.At("cases", "rows-dropped-silently", "t-ipath"), "--json").Error, StringComparison.Ordinal);
        Assert.Contains(said, CommandRun.Of("inspect", _scratch.At("o", ScoresFile.Name)).Out, StringComparison.Ordinal);
        Assert.Contains(said, CommandRun.Of("score", _scratch.At("o")).Out, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("report", _scratch.At("o"), "--out", _scratch.At("r")).Code);
        foreach (string report in new[] { "report.md", "report.html" })
            Assert.Contains(said, File.ReadAllText(_scratch.At("r", report)), StringComparison.Ordinal);
    }

    [Fact]
    public void One_row_of_many_is_enough()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Demo.Tables, "TinyPOPE.tsv"))[..2];
        int image = lines[0].Split('\t').ToList().IndexOf("image"), index = lines[0].Split('\t').ToList().IndexOf("index");
        IEnumerable<string> empty = Enumerable.Range(1, 4)
            .Select(i => string.Join('\t',
            lines[1].Split('\t').Select((cell, column) => column == image ? "" : column == index ? $"{90 + i}" : cell)));
        File.WriteAllLines(_scratch.At("t", "POPE.tsv"), [.. lines, .. empty]);
        var run = Evaluate(_scratch.At("t"));
        Assert.Equal(0, run.Code);
        Assert.Contains("POPE: 4 of 5 rows left out: 4 missing image.", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data:image/png;base64,", true), InlineData("data:image/jpeg;charset=utf-8;base64,", true),
        InlineData("DATA:IMAGE/PNG;base64,", true), InlineData("data:,", false), InlineData("data:image/png;", false)]
    public void An_address_is_read_where_it_holds_base64(string head, bool readable)
    {
        string cell = File.ReadLines(Path.Combine(Demo.Tables, "TinyPOPE.tsv")).Skip(1).Select(line => line.Split('\t'))
            .SelectMany(cells => cells).First(text => text.Length > 500);
        foreach (string text in new[] { head + cell, $"['{head}{cell}', '{head}{cell}']" })
        {
            File.WriteAllText(_scratch.At("a.tsv"), $"index\tquestion\timage\n0\tq\t{text}\n");
            using var table = BenchmarkTable.Open(_scratch.At("a.tsv"));
            if (readable) Assert.All(table.Images(table.Rows[0]), image => Assert.Equal(Convert.FromBase64String(cell), image));
            else Assert.Equal("undecodable image", Assert.Throws<Interlace.Data.SampleException>(() => table.Images(table.Rows[0])).Reason);
        }
    }

    [Fact]
    public void A_table_of_which_nothing_is_left_is_refused_whatever_the_reason_and_however_many_others_there_are()
    {
        string good = File.ReadLines(Path.Combine(Demo.Tables, "TinyPOPE.tsv")).Skip(1).First();
        int image = File.ReadLines(Path.Combine(Demo.Tables, "TinyPOPE.tsv")).First().Split('\t').ToList().IndexOf("image");
        File.WriteAllText(_scratch.At("t", "POPE.tsv"), $"index\tquestion\tanswer\timage\n0\tIs it?\tYes\t{good.Split('\t')[image]}\n");
        foreach (var (rows, reason) in new[] { ("", "(it has none)"), ($"0\tA\tq\t{new string('!', 100)}\n", "1 undecodable image"),
            ($"0\tA\tq\t{Convert.ToBase64String(new byte[99])}\n", "1 undecodable image"),
            ("0\tA\tq\t\n1\tB\tq\t7\n", "1 missing image, 1 undecodable image") })
        {
            File.WriteAllText(_scratch.At("t", "AI2D.tsv"),
                $"index\tanswer\tquestion\timage\tA\tB\n{rows.Replace("\n", "\tx\ty\n", StringComparison.Ordinal)}");
            foreach (string[] verb in new string[][] { ["evaluate", "--out", _scratch.At("o")], ["latency"] })
            {
                string sentence = CommandRun.Of([verb[0], Demo.Model, "--benchmarks", _scratch.At("t"), .. verb[1..]]).Refusal();
                Assert.Contains("No row of AI2D.tsv can be asked", sentence, StringComparison.Ordinal);
                Assert.Contains(reason, sentence, StringComparison.Ordinal);
            }
        }
        Assert.False(Directory.Exists(_scratch.At("o", "predictions")));
    }

    private CommandRun Evaluate(string tables, params string[] more) =>
        CommandRun.Of(["evaluate", Demo.Model, "--benchmarks", tables, "--out", _scratch.At("o"), "--set", "evaluate.max_new_tokens=8",
            "--dtype", "fp32", .. more]);
}
