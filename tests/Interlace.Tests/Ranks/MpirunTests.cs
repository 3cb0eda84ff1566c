using System.Diagnostics;
using System.Text.Json.Nodes;
using Interlace.Outputs;
using Interlace.Ranks;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Ranks;

/// <summary>The program under Open MPI's mpirun on this machine, and how what ranks have made is held against one process's.</summary>
public abstract class MpirunTests : IDisposable
{
    private protected ScratchFolder Scratch { get; } = new();

    protected MpirunTests() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "mpirun")))
            && RankGroup.FindLibrary() is not null,
        "Open MPI is not installed (Debian: openmpi-bin and libopenmpi-dev)");

    protected static string Demo(string name) => Path.Combine(Shared.Repository, "assets", "demo", name);

    public void Dispose()
    {
        Scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    protected Task Pruned() => Pruned(Demo("model"), Demo("finevision"), "--rate", "0.1");

    protected async Task Pruned(string model, string data, params string[] amount)
    {
        await Succeeds(1, ["calibrate", model, "--data", data, .. amount, "--out", Scratch.At("plan")]);
        await Succeeds(1, ["plan", Scratch.At("plan"), "--ratio", "0.25"]);
        await Succeeds(1, ["prune", model, "--plan", Scratch.At("plan/plan.json"), "--out", Scratch.At("pruned")]);
    }

    protected void Near(string one, string other)
    {
        foreach (var (a, b) in Log(one).Zip(Log(other)))
        {
            foreach (string name in new[] { "loss", "grad_norm" })
                Assert.Equal((double)a[name]!, (double)b[name]!, 1e-6 * Math.Max(1, (double)a[name]!));
            foreach (string name in new[] { "step", "samples", "tokens", "answer_tokens" }) Assert.Equal((int)a[name]!, (int)b[name]!);
            Assert.Equal((double?)a["validation_loss"] ?? 0, (double?)b["validation_loss"] ?? 0, 1e-6);
        }
        Assert.Equal(Log(one).Length, Log(other).Length);
        using var first = Checkpoint.Open(Scratch.At(one));
        using var second = Checkpoint.Open(Scratch.At(other));
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

    protected static float[] Values(Checkpoint checkpoint, string name)
    {
        var (file, entry) = checkpoint.Find(name);
        using var value = ParameterSources.Load(file, entry, TorchSharp.torch.CPU);
        using var wide = value.to(TorchSharp.torch.ScalarType.Float32);
        return wide.data<float>().ToArray();
    }

    protected JsonObject[] Log(string name) =>
        [.. File.ReadLines(Scratch.At(name + "/train.jsonl")).Select(line => (JsonObject)JsonNode.Parse(line)!)];

    protected int Steps(string work)
    {
        string path = Scratch.At(work + "/train.jsonl");
        return File.Exists(path) ? File.ReadLines(path).Count() : 0;
    }

    protected static void Same(string one, string many, Predicate<string> compared)
    {
        string[] Files(string folder) => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Where(path => compared(path) && path != FolderLock.Name)
            .Order(StringComparer.Ordinal)];
        Assert.NotEmpty(Files(one));
        Assert.Equal(Files(one), Files(many));
        byte[] Bytes(string folder, string file) => File.ReadAllBytes(Path.Combine(folder, file));
        Assert.All(Files(one), file => Assert.True(Bytes(one, file).AsSpan().SequenceEqual(Bytes(many, file)), $"{file} differs"));
    }

    protected static string[] Program => ["dotnet", Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll")];

    protected Task<(string Output, string Error)> Succeeds(int ranks, string[] arguments) => Succeeds(ranks, [], arguments);

    protected async Task<(string Output, string Error)> Succeeds(int ranks, string[] launcher, string[] arguments)
    {
        var (code, output, error) = await End(Start(ranks, arguments, launcher), 300);
        Assert.True(code == 0, $"{string.Join(' ', arguments)} ended with {code}:\n{error}");
        return (output, error);
    }

    protected static Task<(int Code, string Output, string Error)> Run(int ranks, string[] arguments) => End(Start(ranks, arguments), 300);

    protected static Process Start(int ranks, string[] arguments, params string[] launcher)
    {
        string[] program = [.. Program, .. arguments, "--threads", "1"];
        return ranks == 1 ? Started(program[0], program[1..]) : Started(["--oversubscribe", "-n", $"{ranks}", .. launcher, .. program]);
    }

    protected static Process Started(string[] arguments) => Started("mpirun", arguments);

    protected static Process Started(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string allow in new[] { "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM" }) start.Environment[allow] = "1";
        return Process.Start(start)!;
    }

    protected static async Task<(int Code, string Output, string Error)> End(Process process, int seconds)
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
    protected static Process RankOf(Process mpirun, int rank)
    {
        string children = File.ReadAllText($"/proc/{mpirun.Id}/task/{mpirun.Id}/children");
        return Process.GetProcessById(int.Parse(children.Split(' ', StringSplitOptions.RemoveEmptyEntries)[rank]));
    }

    protected static async Task Until(Func<bool> reached, Process process)
    {
        for (var clock = Stopwatch.StartNew(); !reached();)
        {
            Assert.False(process.HasExited, "it ended before");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(180), "it does not get there");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
