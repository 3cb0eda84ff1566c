using System.Diagnostics;
using System.Text.RegularExpressions;
using Interlace.Ranks;

namespace Interlace.Tests.Ranks;

/// <summary>Ranks that hold a share each of what one process holds whole: the same results, less memory, a state for any ranks.</summary>
[Collection(nameof(MpiTests))]
public sealed class MpiSharesTests : MpirunTests
{
    [Theory, InlineData(2, "fp32", "full", "all"), InlineData(2, "bf16", "full", "optimizer"), InlineData(3, "fp32", "lean", "all")]
    public async Task What_ranks_hold_shares_of_changes_no_result(int ranks, string type, string memory, string shared)
    {
        await Pruned();
        foreach (string shard in new[] { "none", shared })
        {
            // A rank is called while it computes, or not: what comes of it is the same.
            string[] overlap = ["-x", $"{Overlap.Variable}={(type == "fp32" && shard != "none" ? "on" : "off")}"];
            await Succeeds(ranks, overlap, ["finetune", Scratch.At("pruned"), "--data", Demo("finevision"), "--rate", "0.3",
                "--max-steps", "3", "--dtype", type, "--shard", shard, "--set", "finetune.validation=0.1",
                "--set", $"finetune.optimizer_memory={memory}", "--set", "finetune.train=tune+projector",
                "--set", "finetune.micro_batch_tokens=512", "--set", "finetune.save_every=2",
                "--set", "finetune.samples_per_step=8", "--set", "finetune.learning_rate=1e-3", "--out", Scratch.At(shard)]);
        }
        // Two numbers have one sum; three may be added up in another order for one rank than for all.
        if (ranks > 2)
        {
            Near("none", shared);
            return;
        }
        Same(Scratch.At("none"), Scratch.At(shared), file => file != "train.jsonl");
        string[] Numbers(string name) =>
            [.. Log(name).SelectMany(row => new[] { row["loss"], row["grad_norm"], row["validation_loss"] }).Select(n => $"{n}")];
        Assert.Equal(Numbers("none"), Numbers(shared));
    }

    [Fact]
    public async Task Each_rank_needs_as_much_less_memory_as_it_says()
    {
        string model = Scratch.Copy(TinyCheckpoints.Text, "model"), texts = Scratch.At("texts.jsonl");
        TinyCheckpoints.Remake(model, config => (config["hidden_size"], config["intermediate_size"]) = (512, 2048));
        File.WriteAllLines(texts, Enumerable.Range(0, 16)
            .Select(i => $"{{\"text\": \"{string.Join(' ', Enumerable.Repeat("word", 20 + i))}\"}}"));
        await Pruned(model, texts, "--rate", "1", "--set", "calibrate.fraction=1");
        async Task<(double Said, double Most)> Megabytes(string shard)
        {
            // Every tensor in pages of its own: what glibc's heap keeps between others differs by a quarter from run to run.
            var (_, error) = await Succeeds(2, ["-x", "MALLOC_MMAP_THRESHOLD_=100000"],
                ["finetune", Scratch.At("pruned"), "--data", texts, "--rate", "1", "--max-steps", "2",
                "--dtype", "bf16", "--set", "finetune.train=all-kept", "--set", "finetune.train_on=text", "--shard", shard,
                "--set", "finetune.micro_batch_tokens=64", "--set", "finetune.samples_per_step=8", "--out", Scratch.At(shard)]);
            double said = double.Parse(Regex.Match(error, "needs about ([0-9]+) MB").Groups[1].Value);
            string peaks = Regex.Match(error, "Most memory of each rank: ([^.]+)[.]").Groups[1].Value;
            return (said, peaks.Split(", ").Max(rank => double.Parse(rank.Split(' ')[0])));
        }
        var (none, optimizer) = (await Megabytes("none"), await Megabytes("optimizer"));
        Assert.True(none.Said - optimizer.Said > 100, $"{none} {optimizer}");
        // What is said holds for steps of any number of micro-batches; MPI itself needs less for a sum that one rank gets.
        Assert.InRange((none.Most - optimizer.Most) / (none.Said - optimizer.Said), 0.9, 1.2);
    }

    [Fact]
    public async Task A_state_of_shares_goes_on_with_other_ranks_and_other_shares()
    {
        await Pruned();
        string[] Tuning(string name, string shard) => ["finetune", Scratch.At("pruned"), "--data", Demo("finevision"), "--rate", "0.3",
            "--max-steps", "16", "--set", "finetune.samples_per_step=8", "--dtype", "fp32", "--shard", shard,
            "--out", Scratch.At(name)];
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
        Scratch.Copy(Scratch.At("other.training"), "alone.training");
        int together = Steps("other.training");
        await Succeeds(2, Tuning("other", "none"));
        Same(Scratch.At("whole"), Scratch.At("other"), file => file != "train.jsonl");

        // One rank goes on with that state too: its first steps are those of two, before rounding has grown.
        await Succeeds(1, Tuning("alone", "none"));
        double[] Losses(string name) => [.. Log(name).Take(together + 4).Select(row => (double)row["loss"]!)];
        Assert.Equal(Losses("whole").Length, Losses("alone").Length);
        Assert.All(Losses("whole").Zip(Losses("alone")), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }
}
