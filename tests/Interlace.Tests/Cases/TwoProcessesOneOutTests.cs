using System.Diagnostics;
using Interlace.Evaluation.Asking;
using Interlace.Outputs;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>A second process with the folder of a first ends with one sentence and code 2 before it touches anything.</summary>
public sealed class TwoProcessesOneOutTests(DemoRun finished) : IClassFixture<DemoRun>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Two_evaluations_in_one_folder_are_one()
    {
        string target = _scratch.At("e");
        string[] command = ["evaluate", finished.At("M"), "--benchmarks", finished.At("BENCH"), "--only", "TinyOCR", "--limit", "60",
            "--set", "evaluate.slots=1", "--out", target, "--dtype", "fp32"];
        var first = Processes.Start(command);
        string predictions = Path.Combine(target, "predictions", "TinyOCR.jsonl");
        while (!first.HasExited && !File.Exists(predictions)) await Task.Delay(20, TestContext.Current.CancellationToken);
        // The first is held where it is: it could be through before the second looks.
        Signal(first, "-STOP");
        var (code, error) = await Processes.End(Processes.Start(command));
        Signal(first, "-CONT");
        var (firstCode, firstError) = await Processes.End(first);
        Assert.True(firstCode == 0, firstError);
        Assert.Equal(2, code);
        Assert.Contains("is in use by another process", error, StringComparison.Ordinal);
        Assert.Equal(60, EvaluationFolder.ReadAnswers(target, "TinyOCR").Count);
        Assert.Equal(60, File.ReadAllLines(predictions).Length);
        Assert.False(File.Exists(Path.Combine(target, FolderLock.Name)));
    }

    [Theory]
    [InlineData("calibrate M --data DATA --rate 0.02 --set calibrate.fraction=0.2 --out run --force", "run")]
    [InlineData("evaluate M --benchmarks BENCH --limit 1 --only TinyVQA --out run", "run")]
    [InlineData("score run", "run")]
    [InlineData("score run/evaluated/recovered", "run")]
    [InlineData("plan run --ratio 0.125 --force", "run")]
    [InlineData("finetune run/pruned --data DATA --rate 0.02 --max-steps 1 --out new", "new.training")]
    [InlineData("prune M --plan run --out new", "new.partial")]
    [InlineData("sparsify M --method magnitude --out new", "new.partial")]
    public void What_another_process_holds_is_left_alone(string command, string held)
    {
        foreach (string folder in (string[])["run", "M", "DATA", "BENCH"]) DemoRun.Copy(finished.At(folder), _scratch.At(folder));
        if (command.StartsWith("evaluate", StringComparison.Ordinal)) Directory.Delete(_scratch.At("run"), recursive: true);
        using (FolderLock.Take(_scratch.At(held)))
        {
            string[] before = Entries();
            string[] arguments = [.. command.Split(' ')
                .Select(word => Path.Exists(_scratch.At(word)) || word == "new" ? _scratch.At(word) : word)];
            if (command.StartsWith("calibrate", StringComparison.Ordinal)) arguments = [.. arguments, "--dtype", "fp32"];
            Assert.Contains("is in use by another process", CommandRun.Of(arguments).Refusal(), StringComparison.Ordinal);
            Assert.Equal(before, Entries());
        }
    }

    private static void Signal(Process process, string signal)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var kill = Process.Start("kill", [signal, $"{process.Id}"]);
        kill.WaitForExit();
    }

    private string[] Entries() =>
        [.. Directory.EnumerateFileSystemEntries(_scratch.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
