using System.Text.Json;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

/// <summary>
/// A file of benchmarks chooses names and tables. Whatever it says, it is refused before anything is asked or written,
/// and nothing outside the output is touched.
/// </summary>
public sealed class BenchmarkNameDestroysTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string, string> Wrong => new()
    {
        { """{"benchmarks": [{"name": "a/../../../victim/notes", "file": "Mine.tsv", "kind": "yes-no"}]}""", "separator" },
        { """{"benchmarks": [{"name": "..", "file": "Mine.tsv", "kind": "yes-no"}]}""", "folder" },
        { """{"benchmarks": [{"name": "a\u001b[31m", "file": "Mine.tsv", "kind": "yes-no"}]}""", "cannot be seen" },
        { """{"benchmarks": [{"name": "Mine", "file": "../tables/Mine.tsv", "kind": "yes-no"}]}""", "file has a separator" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no"}, {"name": "mine", "file": "Other.tsv", "kind": "yes-no"}]}""", "two rows of the name mine" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no"}, {"name": "Other", "file": "Mine.tsv", "kind": "choice"}]}""", "in two rows, Mine and Other" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": -1}]}""", "kind" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": 77}]}""", "kind" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no, choice"}]}""", "kind" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no", "prompt": 9}]}""", "prompt" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no", "pixels": {"min": 0, "max": 9}}]}""", "pixels" },
        { """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no", "pixels": {"min": 9, "max": 8}}]}""", "pixels" },
        { """{"benchmarks": [null]}""", "row 1 is null" },
    };

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_case_is_refused_and_the_file_outside_keeps_its_bytes()
    {
        string tables = _scratch.At("tables");
        Directory.CreateDirectory(tables);
        foreach (string file in Directory.EnumerateFiles(Shared.Require("cases", "benchmark-name-destroys", "b")))
            File.Copy(file, Path.Combine(tables, Path.GetFileName(file)));
        string victim = _scratch.At("victim", "notes.jsonl");
        File.WriteAllText(victim, "my only copy\n");
        foreach (string name in new[] { victim[..^6], "../../victim/notes",
            Path.GetRelativePath(_scratch.At("out", "predictions"), victim)[..^6] })
        {
            File.WriteAllText(Path.Combine(tables, Benchmarks.RowsFile), $$"""{"benchmarks": [{"name": {{JsonSerializer.Serialize(name)}}, "file": "T.tsv", "kind": "choice"}]}""");
            Assert.Contains("no plain file name", CommandRun.Of("evaluate", Demo.Model, "--benchmarks", tables, "--out", _scratch.At("out"))
                .Refusal(), StringComparison.Ordinal);
        }
        Assert.Equal("my only copy\n", File.ReadAllText(victim));
        Assert.Equal(["tables", "victim"], _scratch.Entries().Where(entry => entry != "out"));
    }

    [Theory, MemberData(nameof(Wrong))]
    public void Rows_that_cannot_be_meant_are_refused_before_anything_is_asked(string rows, string named)
    {
        foreach (string table in new[] { "Mine.tsv", "Other.tsv" })
            File.WriteAllText(_scratch.At("tables", table), "index\tquestion\tanswer\n0\tIs it?\tYes\n");
        File.WriteAllText(_scratch.At("tables", Benchmarks.RowsFile), rows);
        foreach (string verb in new[] { "evaluate", "latency" })
            Assert.Contains(named, CommandRun.Of(verb, Demo.Model, "--benchmarks", _scratch.At("tables"), "--out", _scratch.At("out"))
                .Refusal(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.At("out", "predictions")));
        Assert.Equal(["out", "tables"], _scratch.Entries().Append("out").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_table_that_a_row_names_is_not_found_a_second_time_as_a_known_one()
    {
        File.WriteAllText(_scratch.At("tables", "POPE.tsv"), "index\tquestion\tanswer\n0\tIs it?\tYes\n");
        File.WriteAllText(_scratch.At("tables", Benchmarks.RowsFile), """{"benchmarks": [{"name": "Mine", "file": "POPE.tsv", "kind": "yes-no"}]}""");
        Assert.Equal("Mine", Assert.Single(Benchmarks.In(_scratch.At("tables"))).Benchmark.Name);
    }

    [Fact]
    public void Scores_from_elsewhere_do_not_choose_what_is_read_either()
    {
        string tables = EvaluatedFolder.Tables(_scratch),
            run = EvaluatedFolder.Make(_scratch.At("run"), tables, null, new() { ["POPE"] = 40 });
        Assert.Equal(0, CommandRun.Of("score", run).Code);
        string scores = Path.Combine(run, ScoresFile.Name);
        File.WriteAllText(scores, File.ReadAllText(scores)
            .Replace("\"name\": \"POPE\"", "\"name\": \"../../POPE\"", StringComparison.Ordinal)
            .Replace("\"percent\": 100", "\"percent\": null", StringComparison.Ordinal));
        Assert.Contains("no plain file name", CommandRun.Of("compare", run, run).Refusal(), StringComparison.Ordinal);
    }
}
