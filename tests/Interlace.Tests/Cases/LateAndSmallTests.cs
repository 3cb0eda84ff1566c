using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Tests.Cases;

/// <summary>What was said too late, or not in the right words.</summary>
public sealed class LateAndSmallTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Indices_that_make_no_groups_are_refused_before_a_question_is_asked()
    {
        string sentence = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", Shared.Require("cases", "late-and-small", "c-circ"),
            "--out", _scratch.At("o")).Refusal();
        Assert.Contains("Row 'q0' cannot belong to a circular benchmark", sentence, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.At("o", "predictions")));
    }

    [Fact]
    public void Rotations_without_their_question_are_refused_where_none_is_left_and_told_where_some_are()
    {
        Benchmark circular = new("Turn", "Turn.tsv", BenchmarkKind.Circular);
        BenchmarkRow[] Rows(params string[] indices) =>
            [.. indices.Select(index => new BenchmarkRow([new("index", index), new("A", "x"), new("answer", "A")]))];
        Assert.Contains("no index is below 1000000",
            Assert.Throws<InputException>(() => RightAnswers.Check(circular, Rows("1000000", "2000000"), "Turn.tsv")).Message,
            StringComparison.Ordinal);
        Assert.Throws<InputException>(() => RightAnswers.Check(circular, Rows("0", "-1"), "Turn.tsv"));
        RightAnswers.Check(circular, Rows("0", "1000000", "1000007"), "Turn.tsv");
        Assert.Equal("Turn: 1 of 3 rows are rotations of a question that is not among them, and are not counted.",
            Assert.Single(RightAnswers.Warnings(circular, Rows("0", "1000000", "1000007"))));
    }

    [Theory]
    [InlineData("model.v2.json"), InlineData("model.safetensors"), InlineData("a.jinja")]
    public void A_model_folder_may_be_called_like_a_file(string name)
    {
        string model = _scratch.Copy(Demo.Model, name);
        Assert.Equal(0, CommandRun.Of("generate", model, "What is this?", "--max-new-tokens", "1", "--dtype", "fp32", "--quiet").Code);
        Assert.Equal(0, CommandRun.Of("inspect", model).Code);
    }

    [Theory]
    [InlineData(""), InlineData("snapshots"), InlineData("..")]
    public void A_download_cache_is_no_data_and_its_revisions_are_named(string at)
    {
        byte[] image = Png.Write(32, 32, 8, 2, new byte[32 * 32 * 3]);
        foreach (string revision in new[] { "1111", "2222" })
            ParquetRows.Write(_scratch.At("hub", "datasets--Org--FV", "snapshots", revision, "set", "a.parquet"),
                [.. Enumerable.Range(0, 4).Select(i => new TestRow([image], [($"What {i}?", "That.")]))], new());
        Directory.CreateDirectory(_scratch.At("hub", "datasets--Org--FV", "refs"));
        string sentence = CommandRun.Of("calibrate", Demo.Model, "--data", Path.Combine(_scratch.At("hub", "datasets--Org--FV"), at),
            "--out", _scratch.At("o"), "--rate", "1").Refusal();
        Assert.Contains($"name one of them, {_scratch.At("hub", "datasets--Org--FV", "snapshots", "1111")} or ", sentence,
            StringComparison.Ordinal);
        Assert.Equal("set", Assert.Single(Interlace.Data.DataSource.Open(_scratch.At("hub", "datasets--Org--FV", "snapshots",
            "2222")).Sets).Name);
    }

    [Fact]
    public void A_download_cache_is_no_model_and_no_folder_of_tables_either()
    {
        _scratch.At("models--Org--M", "snapshots", "1111", "config.json");
        _scratch.At("models--Org--M", "blobs", "x");
        Assert.Contains("1111", Assert.Throws<InputException>(() => Checkpoint.Open(_scratch.At("models--Org--M"))).Message,
            StringComparison.Ordinal);
        Assert.Contains("1111", Assert.Throws<InputException>(() => Benchmarks.In(_scratch.At("models--Org--M"))).Message,
            StringComparison.Ordinal);
        DownloadCache.Refuse(_scratch.At("models--Org--M", "snapshots", "1111"));
        Directory.CreateDirectory(_scratch.At("plain", "snapshots"));
        DownloadCache.Refuse(_scratch.At("plain"));   // a set of data may have this name
    }

    [Fact]
    public void What_may_not_be_entered_is_not_called_missing()
    {
        Assert.SkipWhen(Environment.UserName == "root", "the superuser may enter everything");
        if (!OperatingSystem.IsLinux()) return;   // permissions are others there
        string model = _scratch.Copy(Demo.Model, "model");
        File.SetUnixFileMode(model, UnixFileMode.None);
        try
        {
            Assert.Contains("the permission is missing", CommandRun.Of("inspect", model).Refusal() + CommandRun.Of("generate", model, "?")
                .Refusal(), StringComparison.Ordinal);
            Assert.Equal(PathKind.Denied, UserFile.KindOf(Path.Combine(model, "config.json")));
        }
        finally
        {
            File.SetUnixFileMode(model, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
