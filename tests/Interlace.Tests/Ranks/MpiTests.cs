using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interlace.Outputs;
using Interlace.Ranks;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Ranks;

/// <summary>
/// The program under Open MPI's mpirun, two and three ranks on this machine: the same artefacts as of one process, tuning within rounding
/// of it, and an end with a sentence and a state to go on from, whoever falls.
/// </summary>
[Collection(nameof(MpiTests))]
public sealed class MpiTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public MpiTests() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "mpirun")))
            && RankGroup.FindLibrary() is not null,
        "Open MPI is not installed (Debian: openmpi-bin and libopenmpi-dev)");

    private static string Demo(string name) => Path.Combine(Shared.Repository, "assets", "demo", name);

    [Theory, InlineData(2), InlineData(3)]
    public async Task Calibration_and_evidence_are_the_same_bytes(int ranks)
    {
        string[] arguments = ["calibrate", Demo("model"), "--data", Demo("finevision"), "--rate", "0.15",
            "--evidence", "sleb,perplexity,taylor,interlace-loss", "--set", "calibrate.evidence_samples=6", "--set",
            "calibrate.sleb_ratio=0.1", "--set", "calibrate.batch_tokens=512"];
        await Succeeds(1, [.. arguments, "--out", _scratch.At("one")]);
        await Succeeds(ranks, [.. arguments, "--out", _scratch.At("many")]);
        Same(_scratch.At("one"), _scratch.At("many"), file => true);
    }

    [Fact]
    public async Task An_adaptive_calibration_ends_with_the_same_sample()
    {
        string[] arguments = ["calibrate", Demo("model"), "--data", Demo("finevision"), "--rate", "0.3", "--adaptive", "--ratio", "0.25",
            "--set", "calibrate.batch_tokens=512"];
        await Succeeds(1, [.. arguments, "--out", _scratch.At("one")]);
        await Succeeds(3, [.. arguments, "--out", _scratch.At("many")]);
        Same(_scratch.At("one"), _scratch.At("many"), file => true);
    }

    [Fact]
    public async Task Damaged_images_are_left_out_as_by_one_process()
    {
        string data = WithDamagedImages(_scratch.At("data"));
        string[] arguments = ["calibrate", Demo("model"), "--data", data, "--rate", "1", "--set", "calibrate.fraction=1",
            "--set", "calibrate.batch_tokens=256"];
        await Succeeds(1, [.. arguments, "--out", _scratch.At("one")]);
        await Succeeds(2, [.. arguments, "--out", _scratch.At("many")]);
        Same(_scratch.At("one"), _scratch.At("many"), file => true);
        Assert.Contains("undecodable image", File.ReadAllText(_scratch.At("many/similarity.json")), StringComparison.Ordinal);

        await Pruned();
        string[] tuning = ["finetune", _scratch.At("pruned"), "--data", data, "--rate", "1", "--dtype", "fp32", "--set",
            "finetune.samples_per_step=8"];
        await Succeeds(1, [.. tuning, "--out", _scratch.At("tuned-one")]);
        await Succeeds(2, [.. tuning, "--out", _scratch.At("tuned-many")]);
        var (one, many) = (Log("tuned-one"), Log("tuned-many"));
        Assert.Equal(one.Select(row => (int)row["samples"]!), many.Select(row => (int)row["samples"]!));
        JsonNode Skipped(string name) => JsonNode.Parse(File.ReadAllText(_scratch.At(name + "/training.json")))!["skipped"]!;
        Assert.Equal(Skipped("tuned-one").ToJsonString(), Skipped("tuned-many").ToJsonString());
    }

    [Theory, InlineData(2), InlineData(3)]
    public async Task Answers_scores_and_likelihoods_are_the_same(int ranks)
    {
        string texts = _scratch.At("texts.jsonl");
        File.WriteAllLines(texts, Enumerable.Range(1, 9)
            .Select(i => $"{{\"text\": \"{string.Join(' ', Enumerable.Repeat("word", i * 90))}\"}}"));
        string[] arguments = ["evaluate", Demo("model"), "--benchmarks", Demo("benchmarks"), "--limit", "12", "--texts", texts,
            "--dtype", "fp32"];
        await Succeeds(1, [.. arguments, "--out", _scratch.At("one")]);
        await Succeeds(ranks, [.. arguments, "--out", _scratch.At("many")]);
        Same(_scratch.At("one"), _scratch.At("many"), file => !file.StartsWith("times", StringComparison.Ordinal));
        Assert.Equal(Directory.GetFiles(_scratch.At("one/times")).Length, Directory.GetFiles(_scratch.At("many/times")).Length);
    }

    [Fact]
    public async Task Tuning_is_that_of_one_process_and_goes_on_with_another_number_of_ranks()
    {
        await Pruned();
        string[] Tuning(string name) => ["finetune", _scratch.At("pruned"), "--data", Demo("finevision"), "--rate", "0.3",
            "--max-steps", "4", "--dtype", "fp32", "--set", "finetune.validation=0.1", "--set", "finetune.save_every=2",
            "--out", _scratch.At(name)];
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
        Assert.True(File.Exists(_scratch.At("other.training/state.safetensors")));
        await Succeeds(1, Tuning("other"));
        Near("one", "other");
        Assert.Contains("is there already", (await Succeeds(2, Tuning("other"))).Error, StringComparison.Ordinal);
    }

    [Theory, InlineData(2, "fp32", "full", "all"), InlineData(2, "bf16", "full", "optimizer"), InlineData(3, "fp32", "lean", "all")]
    public async Task What_ranks_hold_shares_of_changes_no_result(int ranks, string type, string memory, string shared)
    {
        await Pruned();
        foreach (string shard in new[] { "none", shared })
        {
            // A rank is called while it computes, or not: what comes of it is the same.
            string[] overlap = ["-x", $"{Overlap.Variable}={(type == "fp32" && shard != "none" ? "on" : "off")}"];
            await Succeeds(ranks, overlap, ["finetune", _scratch.At("pruned"), "--data", Demo("finevision"), "--rate", "0.3",
                "--max-steps", "3", "--dtype", type, "--shard", shard, "--set", "finetune.validation=0.1", "--set", $"finetune.optimizer_memory={memory}",
                "--set", "finetune.train=tune+projector", "--set", "finetune.micro_batch_tokens=512", "--set", "finetune.save_every=2",
                "--set", "finetune.samples_per_step=8", "--set", "finetune.learning_rate=1e-3", "--out", _scratch.At(shard)]);
        }
        // Two numbers have one sum; three may be added up in another order for one rank than for all.
        if (ranks > 2)
        {
            Near("none", shared);
            return;
        }
        Same(_scratch.At("none"), _scratch.At(shared), file => file != "train.jsonl");
        string[] Numbers(string name) =>
            [.. Log(name).SelectMany(row => new[] { row["loss"], row["grad_norm"], row["validation_loss"] }).Select(n => $"{n}")];
        Assert.Equal(Numbers("none"), Numbers(shared));
    }

    [Fact]
    public async Task Each_rank_needs_as_much_less_memory_as_it_says()
    {
        string model = _scratch.Copy(TinyCheckpoints.Text, "model"), texts = _scratch.At("texts.jsonl");
        TinyCheckpoints.Remake(model, config => (config["hidden_size"], config["intermediate_size"]) = (512, 2048));
        File.WriteAllLines(texts, Enumerable.Range(0, 16)
            .Select(i => $"{{\"text\": \"{string.Join(' ', Enumerable.Repeat("word", 20 + i))}\"}}"));
        await Pruned(model, texts, "--rate", "1", "--set", "calibrate.fraction=1");
        async Task<(double Said, double Most)> Megabytes(string shard)
        {
            var (_, error) = await Succeeds(2, ["finetune", _scratch.At("pruned"), "--data", texts, "--rate", "1", "--max-steps", "2",
                "--dtype", "bf16", "--set", "finetune.train=all-kept", "--set", "finetune.train_on=text", "--shard", shard,
                "--set", "finetune.micro_batch_tokens=64", "--set", "finetune.samples_per_step=8", "--out", _scratch.At(shard)]);
            double said = double.Parse(Regex.Match(error, "needs about ([0-9]+) MB").Groups[1].Value);
            string peaks = Regex.Match(error, "Most memory of each rank: ([^.]+)[.]").Groups[1].Value;
            return (said, peaks.Split(", ").Max(rank => double.Parse(rank.Split(' ')[0])));
        }
        var (none, optimizer) = (await Megabytes("none"), await Megabytes("optimizer"));
        Assert.True(none.Said - optimizer.Said > 100, $"{none} {optimizer}");
        // What is said holds for steps of any number of micro-batches; MPI itself needs less for a sum that one rank gets.
        Assert.InRange((none.Most - optimizer.Most) / (none.Said - optimizer.Said), 0.9, 2);
    }

    [Fact]
    public async Task A_state_of_shares_goes_on_with_other_ranks_and_other_shares()
    {
        await Pruned();
        string[] Tuning(string name, string shard) => ["finetune", _scratch.At("pruned"), "--data", Demo("finevision"), "--rate", "0.3",
            "--max-steps", "16", "--set", "finetune.samples_per_step=8", "--dtype", "fp32", "--shard", shard,
            "--out", _scratch.At(name)];
        await Succeeds(2, Tuning("whole", "none"));

        // It is told to end, which all ranks do behind one step, and goes on as another job.
        foreach (string shard in new[] { "optimizer", "all" })
        {
            int before = Steps("other.training");
            using var ended = Start(2, Tuning("other", shard));
            await Until(() => Steps("other.training") >= before + 2, ended);
            using var kill = Process.Start("kill", ["-TERM", $"{ended.Id}"]);
            var (code, _, error) = await End(ended, 60);
            Assert.NotEqual(0, code);
            Assert.Contains("The same command goes on from here.", error, StringComparison.Ordinal);
        }
        _scratch.Copy(_scratch.At("other.training"), "alone.training");
        int together = Steps("other.training");
        await Succeeds(2, Tuning("other", "none"));
        Same(_scratch.At("whole"), _scratch.At("other"), file => file != "train.jsonl");

        // One rank goes on with that state too: its first steps are those of two, before rounding has grown.
        await Succeeds(1, Tuning("alone", "none"));
        double[] Losses(string name) => [.. Log(name).Take(together + 4).Select(row => (double)row["loss"]!)];
        Assert.Equal(Losses("whole").Length, Losses("alone").Length);
        Assert.All(Losses("whole").Zip(Losses("alone")), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }

    [Fact]
    public async Task Sparse_weights_are_the_same_bytes()
    {
        string[] arguments = ["sparsify", Demo("model"), "--data", Demo("finevision"), "--method", "wanda", "--pattern", "2:4",
            "--calibration", "12", "--dtype", "fp32", "--set", "calibrate.batch_tokens=512"];
        await Succeeds(1, [.. arguments, "--out", _scratch.At("one")]);
        await Succeeds(3, [.. arguments, "--out", _scratch.At("many")]);
        Same(_scratch.At("one"), _scratch.At("many"), file => true);
    }

    [Theory, InlineData(2, 1), InlineData(3, 2)]
    public async Task Lines_of_a_matrix_run_on_groups_of_ranks(int ranks, int ranksPerLine)
    {
        string experiment = _scratch.At("lines.json");
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
        await Succeeds(1, ["run", experiment, "--out", _scratch.At("one")]);
        var (_, error) = await Succeeds(ranks, ["run", experiment, "--ranks-per-line", $"{ranksPerLine}", "--out", _scratch.At("many")]);
        Assert.Contains("3 of 3 folders of lines are done.", error, StringComparison.Ordinal);
        Same(_scratch.At("one"), _scratch.At("many"), file => Path.GetFileName(file) is "plan.json" or "similarity.json" or "scores.json"
            or "model.safetensors" && !file.Contains("/tuned/", StringComparison.Ordinal)
            && !file.Contains("recovered", StringComparison.Ordinal));
        Assert.True(File.Exists(_scratch.At("many/report.html")));
    }

    [Fact]
    public async Task A_request_to_end_leaves_a_state_to_go_on_from()
    {
        string[] arguments = ["calibrate", Demo("model"), "--data", Demo("finevision"), "--rate", "1", "--set", "calibrate.fraction=1",
            "--out", _scratch.At("run")];
        using (var ended = Start(2, arguments))
        {
            await Until(() => File.Exists(_scratch.At("run/run.json")), ended);
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
        var (code, _, error) = await Run(2, ["calibrate", Demo("model"), "--data", _scratch.At("nothing"), "--out", _scratch.At("run")]);
        Assert.Equal(2, code);
        Assert.Single(error.Split('\n'), line => line.Contains("does not exist", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.At("run")));
    }

    [Fact]
    public async Task What_is_wrong_on_one_rank_ends_all_with_its_name()
    {
        // The other ranks' machines lack the folder: they are started where a relative path leads elsewhere.
        Directory.CreateDirectory(_scratch.At("here"));
        Directory.CreateDirectory(_scratch.At("there"));
        Directory.CreateSymbolicLink(_scratch.At("here/tables"), Demo("benchmarks"));
        string[] arguments = [.. Program, "evaluate", Demo("model"), "--benchmarks", "tables", "--limit", "2", "--out", _scratch.At("run")];
        var (code, _, error) = await End(Started(["--oversubscribe", "-n", "1", "--wdir", _scratch.At("here"), .. arguments, ":",
            "-n", "1", "--wdir", _scratch.At("there"), .. arguments]), 120);
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

    public void Dispose() => _scratch.Dispose();

    private Task Pruned() => Pruned(Demo("model"), Demo("finevision"), "--rate", "0.1");

    private async Task Pruned(string model, string data, params string[] amount)
    {
        await Succeeds(1, ["calibrate", model, "--data", data, .. amount, "--out", _scratch.At("plan")]);
        await Succeeds(1, ["plan", _scratch.At("plan"), "--ratio", "0.25"]);
        await Succeeds(1, ["prune", model, "--plan", _scratch.At("plan/plan.json"), "--out", _scratch.At("pruned")]);
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

    private void Near(string one, string other)
    {
        foreach (var (a, b) in Log(one).Zip(Log(other)))
        {
            foreach (string name in new[] { "loss", "grad_norm" })
                Assert.Equal((double)a[name]!, (double)b[name]!, 1e-6 * Math.Max(1, (double)a[name]!));
            foreach (string name in new[] { "step", "samples", "tokens", "answer_tokens" }) Assert.Equal((int)a[name]!, (int)b[name]!);
            Assert.Equal((double?)a["validation_loss"] ?? 0, (double?)b["validation_loss"] ?? 0, 1e-6);
        }
        Assert.Equal(Log(one).Length, Log(other).Length);
        using var first = Checkpoint.Open(_scratch.At(one));
        using var second = Checkpoint.Open(_scratch.At(other));
        Assert.Equal(first.Names.Order(), second.Names.Order());
        foreach (string name in first.Names)
        {
            float[] x = Values(first, name), y = Values(second, name);
            // The folder holds its weights in 16 bits: what differs by next to nothing may be rounded to neighbours.
            double neighbours = x.Zip(y).Count(pair => pair.First != pair.Second);
            Assert.True(neighbours <= 0.01 * x.Length, $"{neighbours} of {x.Length} values of {name} differ");
            Assert.All(x.Zip(y).Where(pair => pair.First != pair.Second),
                pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Math.Abs(pair.First) / 64 + 1e-6));
        }
    }

    private static float[] Values(Checkpoint checkpoint, string name)
    {
        var (file, entry) = checkpoint.Find(name);
        using var value = ParameterSources.Load(file, entry, TorchSharp.torch.CPU);
        using var wide = value.to(TorchSharp.torch.ScalarType.Float32);
        return wide.data<float>().ToArray();
    }

    private JsonObject[] Log(string name) =>
        [.. File.ReadLines(_scratch.At(name + "/train.jsonl")).Select(line => (JsonObject)JsonNode.Parse(line)!)];

    private int Steps(string work)
    {
        string path = _scratch.At(work + "/train.jsonl");
        return File.Exists(path) ? File.ReadLines(path).Count() : 0;
    }

    private static void Same(string one, string many, Predicate<string> compared)
    {
        string[] Files(string folder) => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Where(path => compared(path) && path != FolderLock.Name)
            .Order(StringComparer.Ordinal)];
        Assert.NotEmpty(Files(one));
        Assert.Equal(Files(one), Files(many));
        byte[] Bytes(string folder, string file) => File.ReadAllBytes(Path.Combine(folder, file));
        Assert.All(Files(one), file => Assert.True(Bytes(one, file).AsSpan().SequenceEqual(Bytes(many, file)), $"{file} differs"));
    }

    private static string[] Program => ["dotnet", Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll")];

    private Task<(string Output, string Error)> Succeeds(int ranks, string[] arguments) => Succeeds(ranks, [], arguments);

    private async Task<(string Output, string Error)> Succeeds(int ranks, string[] launcher, string[] arguments)
    {
        var (code, output, error) = await End(Start(ranks, arguments, launcher), 300);
        Assert.True(code == 0, $"{string.Join(' ', arguments)} ended with {code}:\n{error}");
        return (output, error);
    }

    private static Task<(int Code, string Output, string Error)> Run(int ranks, string[] arguments) => End(Start(ranks, arguments), 300);

    private static Process Start(int ranks, string[] arguments, params string[] launcher)
    {
        string[] program = [.. Program, .. arguments, "--threads", "1"];
        return ranks == 1 ? Started(program[0], program[1..]) : Started(["--oversubscribe", "-n", $"{ranks}", .. launcher, .. program]);
    }

    private static Process Started(string[] arguments) => Started("mpirun", arguments);

    private static Process Started(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string allow in new[] { "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM" }) start.Environment[allow] = "1";
        return Process.Start(start)!;
    }

    private static async Task<(int Code, string Output, string Error)> End(Process process, int seconds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"it did not end within {seconds} seconds");
        }
        return (process.ExitCode, await output, await error);
    }

    /// <summary>The process of a rank: those of mpirun's children, in the order in which they were started.</summary>
    private static Process RankOf(Process mpirun, int rank)
    {
        string children = File.ReadAllText($"/proc/{mpirun.Id}/task/{mpirun.Id}/children");
        return Process.GetProcessById(int.Parse(children.Split(' ', StringSplitOptions.RemoveEmptyEntries)[rank]));
    }

    private static async Task Until(Func<bool> reached, Process process)
    {
        for (var clock = Stopwatch.StartNew(); !reached();)
        {
            Assert.False(process.HasExited, "it ended before");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(180), "it does not get there");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
