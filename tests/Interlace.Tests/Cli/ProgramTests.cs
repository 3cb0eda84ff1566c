using System.Diagnostics;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cli;

/// <summary>
/// The program in a process of its own, under what a shell can do to it: a code and at most one sentence, never a signal or a trace.
/// </summary>
public class ProgramTests
{
    [Theory]
    [InlineData("--version > /dev/full", "Standard output cannot be written: No space left on device.")]
    [InlineData("--help > /dev/full", "Standard output cannot be written: No space left on device.")]
    [InlineData("inspect MODEL > /dev/full", "Standard output cannot be written: No space left on device.")]
    [InlineData("inspect MODEL --json > /dev/full", "Standard output cannot be written: No space left on device.")]
    [InlineData("inspect NOTHING > /dev/full", "There is no file or folder NOTHING.")]
    [InlineData("inspect NOTHING 2> /dev/full", "")]
    [InlineData("inspect NOTHING 2>&-", "")]
    [InlineData("inspect NOTHING > /dev/full 2> /dev/full", "")]
    [InlineData("inspect NOTHING < /dev/null >&- 2>&-", "")]
    public void Streams_that_cannot_be_written_end_in_code_2(string line, string sentence) => Assert.Equal((2, sentence), Shell("", line));

    [Fact]
    public void A_result_is_written_though_nobody_can_be_told_how_it_went() =>
        Assert.Equal(0, Shell("", "inspect MODEL > /dev/null 2> /dev/full").Code);

    [Theory, InlineData("ulimit -n 64", "inspect MODEL", "64 files"), InlineData("ulimit -n 200", "generate MODEL Hi", "200 files"),
        InlineData("ulimit -v 3500000", "generate MODEL Hi", "3584 MB of address space")]
    public void Limits_below_what_the_engine_needs_are_named(string limit, string line, string named)
    {
        var (code, error) = Shell(limit, line);
        Assert.Equal(2, code);
        Assert.Contains(named, Assert.Single(error.Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect FOLDER"), InlineData("plan FOLDER"), InlineData("report FOLDER"), InlineData("generate FOLDER Hi")]
    [InlineData("evaluate MODEL --benchmarks FOLDER --out OUT"), InlineData("calibrate MODEL --data FOLDER --out OUT"),
        InlineData("calibrate FOLDER --data FOLDER --out OUT")]
    public void A_folder_that_may_not_be_entered_is_not_called_empty(string line)
    {
        using var scratch = new ScratchFolder();
        string folder = scratch.At("locked", "run"), locked = scratch.At("locked");
        Directory.CreateDirectory(folder);
        // Root may enter everything, and becomes somebody else; the scratch folder is its owner's alone.
        bool root = Environment.UserName == "root";
        Assert.SkipUnless(!root || File.Exists("/usr/bin/setpriv"),
            "root may enter every folder, and setpriv is not there to become somebody else");
        line = line.Replace("FOLDER", folder, StringComparison.Ordinal)
            .Replace("OUT", Path.Combine(Path.GetTempPath(), "interlace-test-none"), StringComparison.Ordinal);
        var (code, error) = root ? Shell("cd /", line,
            prefix: "setpriv --reuid 65534 --regid 65534 --clear-groups ") : Shell($"chmod 0 {locked}",
            $"{line}; code=$?; chmod 700 {locked}; exit $code");
        Assert.Equal(2, code);
        Assert.Contains("permission", Assert.Single(error.Split('\n')), StringComparison.Ordinal);
    }

    private static (int Code, string Error) Shell(string before, string line, string prefix = "")
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the shell and its limits are Linux's");
        string program = Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll");
        string script = $"{(before.Length > 0 ? before + "; " : "")}{prefix}dotnet {program} {line.Replace("MODEL", Demo.Model, StringComparison.Ordinal)}";
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardError = true,
            RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        _ = output.Result;
        return (process.ExitCode, error.Trim());
    }
}
