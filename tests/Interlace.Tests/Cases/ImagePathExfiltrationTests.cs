using System.Diagnostics;
using Interlace.Evaluation.Tables;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Evaluation.Judges;
using Interlace.Tests.Images;

namespace Interlace.Tests.Cases;

/// <summary>A table that somebody else wrote names images by their paths: nothing outside its folder is read, sent or waited for.</summary>
public sealed class ImagePathExfiltrationTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly byte[] _image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_judge_gets_no_file_from_outside_and_nothing_that_is_no_image()
    {
        File.WriteAllBytes(_scratch.At("t", "good.png"), _image);
        File.WriteAllBytes(_scratch.At("secret.png"), _image);
        File.WriteAllText(_scratch.At("t", "text.png"), "a secret that is called an image");
        File.CreateSymbolicLink(_scratch.At("t", "link.png"), _scratch.At("secret.png"));
        Directory.CreateSymbolicLink(_scratch.At("t", "up"), _scratch.Path);
        string[] paths = ["/etc/passwd", "../secret.png", "sub/../../secret.png", _scratch.At("secret.png"), "link.png", "up/secret.png",
            "text.png", "no.png", "['good.png', '../secret.png']", "good.png"];
        var scored = Judge(paths);
        var image = Assert.Single(scored.Requests.SelectMany(request =>
            request.Body["messages"]![0]!["content"] is System.Text.Json.Nodes.JsonArray parts ? parts.Skip(1) : []));
        Assert.Equal($"data:image/png;base64,{Convert.ToBase64String(_image)}", (string)image!["image_url"]!["url"]!);
        Assert.Equal((0, 1), (scored.Run.Code, (int)scored.Run.Json()["benchmarks"]![0]!["rows"]!));
        var skipped = scored.Run.Json()["benchmarks"]![0]!["skipped"]!;
        Assert.Equal((7, 1, 1), ((int)skipped["image outside its folder"]!, (int)skipped["missing image"]!,
            (int)skipped["undecodable image"]!));
        Assert.Contains("9 of 10 rows left out: 7 image outside its folder, 1 missing image, 1 undecodable image.", scored.Run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_case_sends_nothing_and_says_why()
    {
        string[] rows = File.ReadAllLines(Shared.Require("cases", "image-path-exfiltration", "M.tsv"));
        var scored = Judge([rows[1].Split('\t')[2]]);
        Assert.Contains("1 image outside its folder", scored.Run.Refusal(expectLog: true), StringComparison.Ordinal);
        Assert.DoesNotContain(scored.Requests, request => request.Body.ToJsonString().Contains("image_url", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_leaves_such_rows_out_and_asks_the_others()
    {
        File.WriteAllBytes(_scratch.At("t", "good.png"), _image);
        File.WriteAllBytes(_scratch.At("secret.png"), _image);
        Table("t", ["good.png", "../secret.png", "/etc/passwd", "no.png", ""]);
        var run = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", _scratch.At("t"), "--out", _scratch.At("o"), "--set",
            "evaluate.max_new_tokens=2", "--dtype", "fp32");
        Assert.Equal(0, run.Code);
        Assert.Contains("Mine: 4 of 5 rows left out: 2 image outside its folder, 2 missing image.", run.Out, StringComparison.Ordinal);
        var latency = CommandRun.Of("latency", Demo.Model, "--benchmarks", _scratch.At("t"), "--dtype", "fp32", "--new-tokens", "1",
            "--warm-up", "0");
        Assert.Equal(0, latency.Code);
        Assert.Contains("Mine: 4 questions could not be used", latency.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Pipes_devices_and_huge_files_are_left_out_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes and devices are told apart on Linux");
        using (var made = Process.Start("mkfifo", _scratch.At("t", "pipe.png"))) made.WaitForExit();
        File.CreateSymbolicLink(_scratch.At("t", "zero.png"), "/dev/zero");
        // a hole: it takes no room
        using (var huge = new FileStream(_scratch.At("t", "huge.png"), FileMode.Create)) huge.SetLength(40L << 30);
        Table("t", ["pipe.png", "zero.png", "huge.png", "."]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string sentence = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", _scratch.At("t"), "--out", _scratch.At("o")).Refusal();
        Assert.Contains("No row of Mine.tsv can be asked (1 too large image, 3 unreadable image)", sentence, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000_000);
    }

    [Theory]
    [InlineData("table"), InlineData("rows"), InlineData("predictions"), InlineData("experiment"), InlineData("image"),
        InlineData("messages"), InlineData("picture")]
    public void A_pipe_in_the_place_of_any_file_is_refused_and_not_waited_for(string place)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are told apart on Linux");
        Table("t", ["good.png"]);
        string pipe = place switch { "table" => _scratch.At("t", "Mine.tsv"), "rows" => _scratch.At("t", Benchmarks.RowsFile),
            _ => _scratch.At("t", "pipe") };
        File.Delete(pipe);
        using (var made = Process.Start("mkfifo", pipe)) made.WaitForExit();
        File.WriteAllText(_scratch.At("m.json"), """{"messages": [{"role": "user", "content": [{"type": "image", "image": "t/pipe"}]}]}""");
        string[] command = place switch
        {
            "predictions" => ["score", pipe, "--kind", "yes-no"],
            "experiment" => ["run", pipe, "--out", _scratch.At("o")],
            "image" => ["generate", Demo.Model, "--image", pipe, "What is this?"],
            "messages" => ["trace", Demo.Model, "--input", pipe, "--out", _scratch.At("o.safetensors")],
            "picture" => ["trace", Demo.Model, "--input", _scratch.At("m.json"), "--out", _scratch.At("o.safetensors")],
            _ => ["evaluate", Demo.Model, "--benchmarks", _scratch.At("t"), "--out", _scratch.At("o")],
        };
        Assert.Contains("is a pipe or a device", CommandRun.Of(command).Refusal(), StringComparison.Ordinal);
    }

    private (CommandRun Run, IReadOnlyCollection<LocalServer.Request> Requests) Judge(string[] paths)
    {
        File.WriteAllLines(_scratch.At("t", "M.tsv"),
            ["index\tquestion\timage_path\tcomponents\tcomponent_weight\tcomponent_type",
            .. paths.Select((path, i) => $"{i}\tDescribe {i}\t{path}\t['a']\t['10']\t['a']")]);
        File.WriteAllLines(_scratch.At("preds.jsonl"), paths.Select((_, i) => $$"""{"index": {{i}}, "prediction": "it is red"}"""));
        using LocalServer server = new((_, _) => LocalServer.Says("score of component 1: 5/10, total score: 5/10."));
        var run = CommandRun.Of("score", _scratch.At("preds.jsonl"), "--kind", "judged", "--table", _scratch.At("t", "M.tsv"), "--judge",
            "endpoint", "--judge-endpoint", server.Address, "--judge-model", "m", "--out", _scratch.At("s"), "--json");
        return (run, server.Requests);
    }

    private void Table(string folder, string[] paths)
    {
        File.WriteAllLines(_scratch.At(folder, "Mine.tsv"),
            ["index\tquestion\tanswer\timage_path", .. paths.Select((path, i) => $"{i}\tIs it?\tYes\t{path}")]);
        File.WriteAllText(_scratch.At(folder, Benchmarks.RowsFile), """{"benchmarks": [{"name": "Mine", "file": "Mine.tsv", "kind": "yes-no"}]}""");
    }
}
