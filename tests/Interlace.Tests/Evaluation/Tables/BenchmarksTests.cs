using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Tables;

public class BenchmarksTests
{
    [Fact]
    public void Published_tables_carry_the_published_pixel_bounds()
    {
        Assert.Equal(12, Benchmarks.Paper.Count);
        Assert.All(Benchmarks.All, b => Assert.Equal(b.Name == "OCRBench" ? new PixelBounds(102_400, 16_777_216) : new PixelBounds(4096, 16_777_216), b.Pixels));
        Assert.All(Benchmarks.All, b => Assert.Matches("^[0-9a-f]{32}$", b.Md5));
    }

    [Theory]
    [InlineData("VStar", "VStar"), InlineData("vstarbench", "VStar"), InlineData("MIA-Bench", "MIABench"), InlineData("HRBench8K", "HRBench8K"), InlineData("nothing", null)]
    public void A_benchmark_has_our_name_and_the_published_one(string name, string? found) => Assert.Equal(found, Benchmarks.Find(name)?.Name);

    [Fact]
    public void Kinds_are_written_and_read()
    {
        Assert.Equal(["choice", "circular", "cycle", "yes-no", "vqa", "relaxed", "anls", "contains", "judged"], Enum.GetValues<BenchmarkKind>().Select(Benchmarks.KindName));
        Assert.All(Enum.GetValues<BenchmarkKind>(), kind => Assert.Equal(kind, Benchmarks.ParseKind(Benchmarks.KindName(kind))));
        Assert.Contains("yes-no", Assert.Throws<InputException>(() => Benchmarks.ParseKind("maybe")).Message);
    }

    [Fact]
    public void A_folder_shows_its_own_rows_first_and_then_known_tables()
    {
        using TemporaryFile rows = new("""{"benchmarks": [{"name": "Mine", "file": "mine.tsv", "kind": "yes-no", "group": "Own"}]}""", Benchmarks.RowsFile);
        foreach (string name in (string[])["mine.tsv", "pope.TSV", "HRBench4K.tsv", "other.tsv", "MIABench.tsv"]) File.WriteAllText(Path.Combine(rows.Folder, Path.ChangeExtension(name, ".tsv")), "");
        Assert.Equal(["Mine", "POPE", "HRBench4K", "MIABench"], Benchmarks.In(rows.Folder).Select(found => found.Benchmark.Name));
        Assert.Equal(["HRBench4K", "Mine"], Benchmarks.In(rows.Folder, ["hrbench4k", "mine"]).Select(found => found.Benchmark.Name));
        Assert.Contains("Mine, POPE", Assert.Throws<InputException>(() => Benchmarks.In(rows.Folder, ["AI2D"])).Message);
    }

    [Theory]
    [InlineData("""{"benchmarks": [{"name": "Mine", "file": "mine.tsv", "kind": "yes-no"}]}""", "mine.tsv"), InlineData("""{"benchmarks": [{"name": "Mine", "file": "f", "kind": "riddle"}]}""", "no list of benchmark rows"),
     InlineData("""{"benchmarks": [{"name": "Mine", "file": "f", "kind": "vqa", "colour": 1}]}""", "colour"), InlineData("""{"benchmarks": [{"name": "Mine", "kind": "vqa"}]}""", "file"), InlineData("""{"benchmarks": null}""", "benchmarks"), InlineData("null", "no benchmark rows")]
    public void Wrong_rows_are_refused_with_their_reason(string json, string reason)
    {
        using TemporaryFile rows = new(json, Benchmarks.RowsFile);
        Assert.Contains(reason, Assert.Throws<InputException>(() => Benchmarks.In(rows.Folder)).Message);
    }

    [Fact]
    public void A_folder_without_known_tables_is_refused()
    {
        using TemporaryFile file = new("x", "unknown.tsv");
        Assert.Contains(Benchmarks.RowsFile, Assert.Throws<InputException>(() => Benchmarks.In(file.Folder)).Message);
        Assert.Throws<InputException>(() => Benchmarks.In(Path.Combine(file.Folder, "none")));
    }
}
