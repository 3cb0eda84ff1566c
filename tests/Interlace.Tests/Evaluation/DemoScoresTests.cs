using System.Text.Json.Nodes;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Evaluation;

/// <summary>The demo's tables; and the answers the reference gave on those of its first version.</summary>
public class DemoScoresTests(ITestOutputHelper output)
{
    public static TheoryData<string> Runs => [.. FirstDemo.Runs];

    [Fact]
    public void The_demos_rows_name_every_table()
    {
        string folder = Demo.Tables;
        IReadOnlyList<Benchmark> rows = Benchmarks.Load(Path.Combine(folder, Benchmarks.RowsFile));
        Assert.Equal(Directory.EnumerateFiles(folder, "*.tsv").Select(Path.GetFileName).Order(), rows.Select(row => row.File).Order());
        foreach (Benchmark row in rows)
        {
            using BenchmarkTable table = BenchmarkTable.Open(Path.Combine(folder, row.File));
            Assert.Equal(row.Rows, table.Rows.Count);
            Assert.Equal(0, table.RowsWithoutImage);
            Assert.All(table.Rows, question => Assert.Single(table.Images(question)));
            Assert.Null(row.Pixels);
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs)), Trait("Category", "Golden")]
    public void The_references_answers_score_as_the_reference_says(string run)
    {
        JsonNode answers = FirstDemo.Answers[run]!, expected = FirstDemo.Recorded(run).Scores;
        using var scratch = new ScratchFolder();
        foreach (var (benchmark, path) in Benchmarks.In(FirstDemo.Tables(scratch), null))
        {
            if (answers[benchmark.Name]?.AsObject() is not { } texts) continue;
            using BenchmarkTable table = BenchmarkTable.Open(path);
            Assert.Equal(table.Rows.Count, texts.Count);
            Score score = Scores.Of(benchmark, [.. table.Rows.Select(row => new Prediction(row, (string)texts[row.Index]!))]);
            output.WriteLine($"{run} {benchmark.Name} {score.Percent:0.00} (reference {expected[benchmark.Name]}), extraction failures {score.ExtractionFailureRate:P1}, long answers {texts.Count(text => ((string)text.Value!).Length > 2)}");
            Assert.Equal((double)expected[benchmark.Name]!, score.Percent!.Value, 0.05);
        }
    }
}
