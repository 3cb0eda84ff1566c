using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Interlace.Tests.Ranks;

/// <summary>
/// Two and three ranks: the same artefacts as of one process, tuning within rounding of it, and an end with a sentence and a state to go
/// on from, whoever falls.
/// </summary>
[Collection(nameof(MpiTests))]
public sealed class MpiTests : MpirunTests
{
    [Theory, InlineData(2), InlineData(3)]
    public async Task Calibration_and_evidence_are_the_same_bytes(int ranks)
    {
        string[] arguments = ["calibrate", Demo("model"), "--data", Demo("finevision"), "--rate", "0.15",
            "--evidence", "sleb,perplexity,taylor,interlace-loss", "--set", "calibrate.evidence_samples=6", "--set",
            "calibrate.sleb_ratio=0.1", "--set", "calibrate.batch_tokens=512"];
        await Succeeds(1, [.. arguments, "--out", Scratch.At("one")]);
        await Succeeds(ranks, [.. arguments, "--out", Scratch.At("many")]);
        Same(Scratch.At("one"), Scratch.At("many"), file => true);
    }

    [Fact]
    public async Task An_adaptive_calibration_ends_with_the_same_sample()
    {
        string[] arguments = ["calibrate", Demo("model"), "--data", Demo("finevision"), "--rate", "0.3", "--adaptive", "--ratio", "0.25",
            "--set", "calibrate.batch_tokens=512"];
        await Succeeds(1, [.. arguments, "--out", Scratch.At("one")]);
        await Succeeds(3, [.. arguments, "--out", Scratch.At("many")]);
        Same(Scratch.At("one"), Scratch.At("many"), file => true);
    }

    [Fact]
    public async Task Damaged_images_are_left_out_as_by_one_process()
    {
        string data = WithDamagedImages(Scratch.At("data"));
        string[] arguments = ["calibrate", Demo("model"), "--data", data, "--rate", "1", "--set", "calibrate.fraction=1",
            "--set", "calibrate.batch_tokens=256"];
        await Succeeds(1, [.. arguments, "--out", Scratch.At("one")]);
        await Succeeds(2, [.. arguments, "--out", Scratch.At("many")]);
        Same(Scratch.At("one"), Scratch.At("many"), file => true);
        Assert.Contains("undecodable image", File.ReadAllText(Scratch.At("many/similarity.json")), StringComparison.Ordinal);

        await Pruned();
        string[] tuning = ["finetune", Scratch.At("pruned"), "--data", data, "--rate", "1", "--dtype", "fp32", "--set",
            "finetune.samples_per_step=8"];
        await Succeeds(1, [.. tuning, "--out", Scratch.At("tuned-one")]);
        await Succeeds(2, [.. tuning, "--out", Scratch.At("tuned-many")]);
        var (one, many) = (Log("tuned-one"), Log("tuned-many"));
        Assert.Equal(one.Select(row => (int)row["samples"]!), many.Select(row => (int)row["samples"]!));
        JsonNode Skipped(string name) => JsonNode.Parse(File.ReadAllText(Scratch.At(name + "/training.json")))!["skipped"]!;
        Assert.Equal(Skipped("tuned-one").ToJsonString(), Skipped("tuned-many").ToJsonString());
    }

    [Theory, InlineData(2), InlineData(3)]
    public async Task Answers_scores_and_likelihoods_are_the_same(int ranks)
    {
        string texts = Scratch.At("texts.jsonl");
        File.WriteAllLines(texts, Enumerable.Range(1, 9)
            .Select(i => $"{{\"text\": \"{string.Join(' ', Enumerable.Repeat("word", i * 90))}\"}}"));
        string[] arguments = ["evaluate", Demo("model"), "--benchmarks", Demo("benchmarks"), "--limit", "12", "--texts", texts,
            "--dtype", "fp32"];
        await Succeeds(1, [.. arguments, "--out", Scratch.At("one")]);
        await Succeeds(ranks, [.. arguments, "--out", Scratch.At("many")]);
        Same(Scratch.At("one"), Scratch.At("many"), file => !file.StartsWith("times", StringComparison.Ordinal));
        Assert.Equal(Directory.GetFiles(Scratch.At("one/times")).Length, Directory.GetFiles(Scratch.At("many/times")).Length);
    }

    [Fact]
    public async Task Tuning_is_that_of_one_process_and_goes_on_with_another_number_of_ranks()
    {
        await Pruned();
        string[] Tuning(string name) => ["finetune", Scratch.At("pruned"), "--data", Demo("finevision"), "--rate", "0.3",
            "--max-steps", "4", "--dtype", "fp32", "--set", "finetune.validation=0.1", "--set", "finetune.save_every=2",
            "--out", Scratch.At(name)];
        await Succeeds(1, Tuning("one"));
        await Succeeds(2, Tuning("two"));
        Near("one", "two");

        // Three ranks are ended after two steps, one goes on, and two would have to find it finished.
        using (var killed = Start(3, Tuning("other")))
        {
            await Until(() => Steps("other.training") >= 2, killed);
            RankOf(killed, 1).Kill();
            Assert.NotEqual(0, (await End(killed, 30)).Code);
        }
        Assert.True(File.Exists(Scratch.At("other.training/state.safetensors")));
        await Succeeds(1, Tuning("other"));
        Near("one", "other");
        Assert.Contains("is there already", (await Succeeds(2, Tuning("other"))).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sparse_weights_are_the_same_bytes()
    {
        string[] arguments = ["sparsify", Demo("model"), "--data", Demo("finevision"), "--method", "wanda", "--pattern", "2:4",
            "--calibration", "12", "--dtype", "fp32", "--set", "calibrate.batch_tokens=512"];
        await Succeeds(1, [.. arguments, "--out", Scratch.At("one")]);
        await Succeeds(3, [.. arguments, "--out", Scratch.At("many")]);
        Same(Scratch.At("one"), Scratch.At("many"), file => true);
    }

    [Theory, InlineData(2, 1), InlineData(3, 2)]
    public async Task Lines_of_a_matrix_run_on_groups_of_ranks(int ranks, int ranksPerLine)
    {
        string experiment = Scratch.At("lines.json");
        File.WriteAllText(experiment, new JsonObject
        {
            ["model"] = Demo("model"),
            ["dtype"] = "fp32",
            ["data"] = new JsonObject { ["path"] = Demo("finevision"), ["rate"] = 0.2 },
            ["finetune"] = new JsonObject { ["max_steps"] = 1, ["samples_per_step"] = 4 },
            ["evaluate"] = new JsonObject { ["benchmarks"] = Demo("benchmarks"), ["limit"] = 3 },
            ["variants"] = new JsonArray(new JsonObject { ["method"] = "interlace", ["ratio"] = 0.25 },
                new JsonObject { ["method"] = "interlace", ["ratio"] = 0.25, ["tune"] = false },
                new JsonObject { ["method"] = "short-gpt", ["ratio"] = 0.2, ["tune"] = false },
                new JsonObject { ["method"] = "consecutive", ["ratio"] = 0.2, ["tune"] = false }),
        }.ToJsonString());
        await Succeeds(1, ["run", experiment, "--out", Scratch.At("one")]);
        var (_, error) = await Succeeds(ranks, ["run", experiment, "--ranks-per-line", $"{ranksPerLine}", "--out", Scratch.At("many")]);
        Assert.Contains("3 of 3 folders of lines are done.", error, StringComparison.Ordinal);
        Same(Scratch.At("one"), Scratch.At("many"), file => Path.GetFileName(file) is "plan.json" or "similarity.json" or "scores.json"
            or "model.safetensors" && !file.Contains("/tuned/", StringComparison.Ordinal)
            && !file.Contains("recovered", StringComparison.Ordinal));
        Assert.True(File.Exists(Scratch.At("many/report.html")));
    }

    [Fact]
    public async Task A_request_to_end_leaves_a_state_to_go_on_from()
    {
        string[] arguments = ["calibrate", Demo("model"), "--data", Demo("finevision"), "--rate", "1", "--set", "calibrate.fraction=1",
            "--out", Scratch.At("run")];
        using (var ended = Start(2, arguments))
        {
            await Until(() => File.Exists(Scratch.At("run/run.json")), ended);
            await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
            using var kill = Process.Start("kill", ["-TERM", $"{ended.Id}"]);
            var (code, _, error) = await End(ended, 30);
            Assert.NotEqual(0, code);
            Assert.Contains("Interrupted. The same command goes on from here.", error, StringComparison.Ordinal);
        }
        await Succeeds(2, arguments);
    }

    [Fact]
    public async Task What_is_wrong_is_said_once_in_a_sentence()
    {
        var (code, _, error) = await Run(2, ["calibrate", Demo("model"), "--data", Scratch.At("nothing"), "--out", Scratch.At("run")]);
        Assert.Equal(2, code);
        Assert.Single(error.Split('\n'), line => line.Contains("does not exist", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Scratch.At("run")));
    }

    [Fact]
    public async Task What_is_wrong_on_one_rank_ends_all_with_its_name()
    {
        // The other ranks' machines lack the folder: they are started where a relative path leads elsewhere.
        Directory.CreateDirectory(Scratch.At("here"));
        Directory.CreateDirectory(Scratch.At("there"));
        Directory.CreateSymbolicLink(Scratch.At("here/tables"), Demo("benchmarks"));
        string[] arguments = [.. Program, "evaluate", Demo("model"), "--benchmarks", "tables", "--limit", "2", "--out", Scratch.At("run")];
        var (code, _, error) = await End(Started(["--oversubscribe", "-n", "1", "--wdir", Scratch.At("here"), .. arguments, ":",
            "-n", "1", "--wdir", Scratch.At("there"), .. arguments]), 120);
        Assert.Equal(2, code);
        Assert.Matches("rank 1 on .*tables", error);
    }

    [Fact]
    public async Task Doctor_shows_the_ranks_and_latency_wants_one()
    {
        var machine = JsonNode.Parse((await Succeeds(2, ["doctor", "--json"])).Output)!["machine"]!;
        Assert.Contains("GB/s", (string)machine["ranks"]!, StringComparison.Ordinal);
        Assert.Contains("rank 1 on ", (string)machine["rank_1"]!, StringComparison.Ordinal);
        var (code, _, error) = await Run(2, ["latency", Demo("model")]);
        Assert.Equal(2, code);
        Assert.Contains("without mpirun", error, StringComparison.Ordinal);
    }

    /// <summary>The demo's data as JSON rows, every fifth image with a header alone.</summary>
    private static string WithDamagedImages(string folder)
    {
        Directory.CreateDirectory(folder);
        using var bitmap = new SkiaSharp.SKBitmap(64, 64);
        bitmap.Erase(SkiaSharp.SKColors.Orange);
        using var encoded = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        byte[] whole = encoded.ToArray();
        var rows = new JsonArray();
        for (int i = 0; i < 40; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), i % 5 == 3 ? whole[..60] : whole);
            rows.Add(new JsonObject
            {
                ["image"] = $"{i}.png",
                ["conversations"] = new JsonArray(
                    new JsonObject { ["from"] = "human", ["value"] = $"<image>\nWhat is number {i}?" },
                    new JsonObject { ["from"] = "gpt", ["value"] = string.Join(' ', Enumerable.Repeat("orange", 1 + i % 7)) }),
            });
        }
        string path = Path.Combine(folder, "rows.json");
        File.WriteAllText(path, rows.ToJsonString());
        return path;
    }
}
