using System.Text;
using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;

namespace Interlace.Tests.Cases;

/// <summary>Data of which nothing is left: every verb ends with code 2 and says how many rows fell out for which reason.</summary>
public sealed class DataAllFilteredTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("path-only", "24 missing image"), InlineData("four-images", "24 too many images"),
        InlineData("six-turns", "24 too many turns")]
    public void The_case_is_told_by_every_verb(string data, string reason) =>
        Refused(Shared.Require("cases", "data-all-filtered", data), reason);

    [Fact]
    public void So_are_rows_that_fail_later()
    {
        ParquetRows.Write(_scratch.At("null", "set", "a.parquet"),
            [.. Enumerable.Range(0, 5).Select(_ => new TestRow([Encoding.UTF8.GetBytes("x")], [("What?", null)]))], new());
        Refused(_scratch.At("null"), "5 null text");
        ParquetRows.Write(_scratch.At("broken", "set", "a.parquet"),
            [.. Enumerable.Range(0, 5).Select(_ => new TestRow([Encoding.UTF8.GetBytes("no image")], [("What?", "That.")]))], new());
        Refused(_scratch.At("broken"), "5 undecodable image");
        byte[] image = Png.Write(32, 32, 8, 2, new byte[32 * 32 * 3]);
        ParquetRows.Write(_scratch.At("mixed", "set", "a.parquet"),
            [.. Enumerable.Range(0, 2).Select(_ => new TestRow([image, image, image, image], [("What?", "That.")])),
            new([null], [("What?", "That.")])], new());
        Refused(_scratch.At("mixed"), "1 missing image, 2 too many images");
    }

    private void Refused(string data, string reason)
    {
        if (!Directory.Exists(_scratch.At("pruned")))
            LayerRemoval.Prune(Demo.Model, PruningPlan.Create(Preflight.LayerCount(Demo.Model), drop: [5], tune: [4]),
                _scratch.At("pruned"));
        string experiment = _scratch.At("experiment.json");
        File.WriteAllText(experiment,
            new JsonObject { ["model"] = Demo.Model, ["data"] = new JsonObject { ["path"] = data, ["rate"] = 1 },
            ["calibrate"] = new JsonObject { ["fraction"] = 1 } }.ToJsonString());
        string[] all = ["--data", data, "--rate", "1", "--set", "calibrate.fraction=1", "--dtype", "fp32", "--out"];
        string[][] commands =
        [
            ["calibrate", Demo.Model, .. all, _scratch.At("calibrated")],
            ["calibrate", Demo.Model, "--evidence", "perplexity", .. all, _scratch.At("evident")],
            ["sparsify", Demo.Model, .. all, _scratch.At("sparse")],
            ["finetune", _scratch.At("pruned"), .. all, _scratch.At("tuned")],
            ["run", experiment, "--dtype", "fp32", "--out", _scratch.At("run")],
        ];
        foreach (string[] command in commands)
            Assert.Contains($"No sample of the data could be used ({reason})", CommandRun.Of([.. command, "--quiet"]).Refusal(),
                StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.At("tuned")) || Directory.Exists(_scratch.At("tuned.training"))
            || Directory.Exists(_scratch.At("sparse")));
    }
}
