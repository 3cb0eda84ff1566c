using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Training;

namespace Interlace.Tests.Training;

public sealed class KeptActivationsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Tuning_gives_the_same_files_where_activations_are_kept_as_memory_allows()
    {
        string plan = _scratch.At("plan.json"), pruned = _scratch.At("pruned");
        PlanFile.Save(PruningPlan.Create(12, [4], [5], new()), plan);
        Assert.Equal(0, CommandRun.Of("prune", TinyCheckpoints.Tied, "--plan", plan, "--out", pruned).Code);
        string Tuned(string keep)
        {
            var run = CommandRun.Of("finetune", pruned, "--data", Path.Combine(Demo.Root, "finevision"), "--rate", "0.005",
                "--max-steps", "2", "--set", "finetune.samples_per_step=2", "--device", "cpu", "--dtype", "fp32",
                "--set", $"finetune.keep_activations={keep}", "--out", _scratch.At(keep));
            Assert.True(run.Code == 0, run.Error);
            return _scratch.At(keep);
        }
        string none = Tuned("none"), free = Tuned("free");
        foreach (string file in Directory.GetFiles(none).Where(file => Path.GetFileName(file) != TrainingLog.Name))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(free, Path.GetFileName(file))));
    }

    [Fact]
    public void Another_word_is_refused()
    {
        var run = CommandRun.Of("finetune", TinyCheckpoints.Tied, "--data", Demo.Root, "--out", _scratch.At("out"),
            "--set", "finetune.keep_activations=all");
        Assert.Equal(2, run.Code);
        Assert.Contains("finetune.keep_activations", run.Error, StringComparison.Ordinal);
    }
}
