using Interlace.Artefacts;
using Interlace.Cli;
using Interlace.Evaluation.Asking;
using Interlace.Experiments;
using Interlace.Runs;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>Starting over that is killed while it clears is started over again, and takes nothing of the earlier run for its own.</summary>
public sealed class ForceInterruptedClearTests(DemoRun finished) : IClassFixture<DemoRun>, IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private string Run => _scratch.At("run");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_record_outlives_everything_that_is_cleared()
    {
        string[] made = [.. Begun().Select(path => Path.GetRelativePath(Run, path))];
        Assert.DoesNotContain(RunFolder.Record, made);
        // Killed after each deletion in turn: what is left is a run that may be started over, and is cleared then.
        for (int deleted = 0; deleted <= made.Length; deleted++)
        {
            string[] paths = [.. Begun()];
            foreach (string path in paths.Take(deleted))
            {
                if (File.Exists(path)) File.Delete(path);
                else Directory.Delete(path, recursive: true);
            }
            using (OutFolder.Open(Run, "run", Settings(0.125), force: true)) Assert.Empty(MadeInRun.In(Run));
            Directory.CreateDirectory(Run);
        }
    }

    [Fact]
    public void Without_its_record_a_folder_is_nobody_s_and_is_not_written_to()
    {
        Begun();
        File.Delete(Path.Combine(Run, RunFolder.Record));
        string message = CommandRun.Of("evaluate", finished.At("M"), "--benchmarks", finished.At("BENCH"), "--limit", "1", "--only",
            "TinyVQA", "--out", Run, "--force", "--dtype", "fp32").Refusal();
        Assert.Contains("holds no run of Interlace", message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Run, AnswersFile.Name)));
    }

    private IReadOnlyList<string> Begun()
    {
        if (Directory.Exists(Run)) Directory.Delete(Run, recursive: true);
        using (var folder = OutFolder.Open(Run, "run", Settings(0.25), force: false))
        {
            string record = Path.Combine(Run, RunFolder.Record);
            byte[] own = File.ReadAllBytes(record);
            DemoRun.Copy(finished.At("run"), Run);
            File.WriteAllBytes(record, own);
        }
        return MadeInRun.In(Run);
    }

    private Experiment Settings(double ratio) => new(Model: finished.At("M"), Plan: new(Ratio: ratio));
}
