using System.Diagnostics;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>A link to an empty folder is filled where it leads; a mount point is refused before the work begins.</summary>
public sealed class OutIsMountOrLinkTests(DemoRun finished) : IClassFixture<DemoRun>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_a_link_leads_to_is_filled()
    {
        foreach (string verb in (string[])["prune", "finetune"])
        {
            string big = Directory.CreateDirectory(_scratch.At($"{verb}-disk", "big")).FullName, link = _scratch.At($"{verb}-link");
            Directory.CreateSymbolicLink(link, big);
            Assert.Equal(0, CommandRun.Of([.. Command(verb), "--out", link]).Code);
            Assert.NotNull(new DirectoryInfo(link).LinkTarget);
            Assert.True(File.Exists(Path.Combine(big, "config.json")));
            Assert.Equal(["big"], Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(big)!)
                .Select(entry => Path.GetFileName(entry)));
        }
    }

    [Theory]
    [InlineData("prune")]
    [InlineData("finetune")]
    [InlineData("sparsify")]
    public void An_empty_mounted_disk_is_refused_before_the_work_begins(string verb)
    {
        string mount = Directory.CreateDirectory(_scratch.At("mnt")).FullName;
        string program = Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll");
        string script = $"mount -t tmpfs none '{mount}' && exec dotnet '{program}' {string.Join(' ', Command(verb).Select(word => $"'{word}'"))} --out '{mount}' --threads 1";
        var (able, _) = Shell("unshare -m true && unshare -m bash -c 'mount -t tmpfs none " + mount + "'");
        Assert.SkipUnless(able == 0, "a disk can be mounted by the superuser alone");
        var (code, error) = Shell($"unshare -m bash -c \"{script}\"");
        Assert.Equal(2, code);
        Assert.Contains("is a mount point", error, StringComparison.Ordinal);
        Assert.Equal(["mnt"], _scratch.Entries());
    }

    private string[] Command(string verb) => verb switch
    {
        "prune" => ["prune", finished.At("M"), "--plan", finished.At("run")],
        "sparsify" => ["sparsify", finished.At("M"), "--method", "magnitude"],
        _ => ["finetune", finished.At("run", "pruned"), "--data", finished.At("DATA"), "--rate", "0.02", "--max-steps", "1", "--set",
        "finetune.samples_per_step=2", "--dtype", "fp32"],
    };

    private static (int Code, string Error) Shell(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardError = true,
            RedirectStandardOutput = true })!;
        string error = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, error);
    }
}
