using Interlace.Artefacts;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

/// <summary>
/// A small finished run on the demo's model: <c>run</c>, with everything that the commands of one leave, beside copies of the model,
/// of its data and of its tables.
/// </summary>
public sealed class DemoRun : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public DemoRun()
    {
        Copy(Path.Combine(Demo.Root, "model"), At("M"));
        Copy(Path.Combine(Demo.Root, "finevision", "words"), At("DATA", "words"));
        Copy(Demo.Tables, At("BENCH"));
        Done("calibrate", At("M"), "--data", At("DATA"), "--rate", "0.02", "--set", "calibrate.fraction=0.2", "--out", At("run"), "--dtype",
            "fp32");
        Done("plan", At("run"), "--ratio", "0.25");
        Done("prune", At("M"), "--plan", At("run"), "--out", At("run", "pruned"));
        Done("finetune", At("run", "pruned"), "--data", At("DATA"), "--rate", "0.02", "--max-steps", "1", "--set",
            "finetune.samples_per_step=2", "--out", At("run", "tuned"), "--dtype", "fp32");
        Done("evaluate", At("run", "tuned"), "--benchmarks", At("BENCH"), "--only", "TinyPOPE", "--limit", "2", "--out",
            At("run", "evaluated", "recovered"), "--dtype", "fp32");
        File.Delete(At("run", "evaluated", "recovered", RunFolder.Record));   // as `run` leaves it
    }

    public string At(params string[] parts) => Path.Combine([_scratch.Path, .. parts]);

    public void Dispose() => _scratch.Dispose();

    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllBytes(copy, File.ReadAllBytes(file));
        }
    }

    private static void Done(params string[] command)
    {
        var run = CommandRun.Of(command);
        Assert.True(run.Code == 0, run.Error);
    }
}
