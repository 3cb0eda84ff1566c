using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Training;

namespace Interlace.Tests.Training;

/// <summary>Two steps of tuning on the tiny checkpoint without its fifth layer, by the commands that a user gives.</summary>
internal sealed class ShortTuning
{
    private readonly ScratchFolder _scratch;
    private readonly string _pruned;

    /// <summary>Prunes.</summary>
    public ShortTuning(ScratchFolder scratch)
    {
        (_scratch, _pruned) = (scratch, scratch.At("pruned"));
        string plan = scratch.At("plan.json");
        PlanFile.Save(PruningPlan.Create(12, [4], [5], new()), plan);
        Assert.Equal(0, CommandRun.Of("prune", TinyCheckpoints.Tied, "--plan", plan, "--out", _pruned).Code);
    }

    /// <summary>Tunes with more settings, or none, and gives the folder.</summary>
    public string Run(string name, params string[] settings)
    {
        var run = CommandRun.Of(["finetune", _pruned, "--data", Path.Combine(Demo.Root, "finevision"), "--rate", "0.005",
            "--max-steps", "2", "--set", "finetune.samples_per_step=2", "--device", "cpu", "--dtype", "fp32",
            "--out", _scratch.At(name), .. settings.SelectMany(setting => new[] { "--set", setting })]);
        Assert.True(run.Code == 0, run.Error);
        return _scratch.At(name);
    }

    /// <summary>Two tunings gave the same files, but for the log, which has times.</summary>
    public static void AssertAlike(string one, string other)
    {
        foreach (string file in Directory.GetFiles(one).Where(file => Path.GetFileName(file) != TrainingLog.Name))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(other, Path.GetFileName(file))));
    }
}
