using System.Diagnostics;
using Interlace.Cli;
using Interlace.Pruning;

namespace Interlace.Tests.Cli;

/// <summary>What a shell completes: the program's answers, and the scripts in the shells themselves.</summary>
public class CompletionTests
{
    [Fact]
    public void Commands_are_suggested_by_their_beginning()
    {
        Assert.Equal(Verbs.Names, Suggested("interlace "));
        Assert.Equal(Verbs.Names.Where(name => name[0] == 'p'), Suggested("interlace p"));
        Assert.Equal(["--version"], Suggested("./bin/interlace --v"));
        Assert.Empty(Suggested("interlace"));
        Assert.Empty(Suggested("interlace fly"));
    }

    [Theory, MemberData(nameof(CommandLineTests.Names), MemberType = typeof(CommandLineTests))]
    public void Options_of_every_command_are_suggested(string name)
    {
        string[] help = CommandRun.Of(name, "--help").Out.Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries);
        string[] suggested = Suggested($"interlace {name} --");
        Assert.Contains("--device", suggested);
        Assert.All(suggested, option => Assert.Contains(option, help));
        Assert.DoesNotContain(suggested, option => option.StartsWith('/') || option is "-?" or "-h");
    }

    [Fact]
    public void Values_are_suggested_where_there_are_few()
    {
        Assert.Equal(["greedy", "optimal"], Suggested("interlace plan run --selection "));
        Assert.Equal(["optimal"], Suggested("interlace plan run --selection=opt"));
        Assert.Equal(Methods.Table.Keys.ToHashSet(), Suggested("interlace plan run --method ").ToHashSet());
        Assert.Equal(["authors", "paper"], Suggested("interlace plan run --recipe "));
        Assert.Equal(["auto", "cpu", "cuda"], Suggested("interlace doctor --device "));
        Assert.Equal(["bash", "zsh"], Suggested("interlace completion ").Where(word => word[0] != '-'));
        Assert.Empty(Suggested("interlace plan run --out "));
    }

    [Theory]
    [InlineData("interlace plan \"a b --"), InlineData("interlace plan 'a b' --sel"), InlineData("interlace plan --=x")]
    [InlineData(""), InlineData(" "), InlineData("interlace plan --selection= "), InlineData("interlace plan --json=")]
    public void A_line_that_makes_no_sense_is_no_fault(string line)
    {
        foreach (string position in new[] { $"{line.Length}", "0", "99999999999", "-1", "x" })
            Assert.Equal((0, ""), (CommandRun.Of($"[suggest:{position}]", line).Code, CommandRun.Of($"[suggest:{position}]", line).Error));
    }

    [Fact]
    public void What_stands_behind_the_cursor_is_not_looked_at() =>
        Assert.Equal("--selection\n", CommandRun.Of("[suggest:20]", "interlace plan --sel --out x").Out);

    [Fact]
    public void A_shell_that_is_not_known_is_refused() =>
        Assert.Equal("There is no script for 'fish': choose bash or zsh.", CommandRun.Of("completion", "fish").Refusal());

    [Theory]
    [InlineData("interlace pru", "prune")]
    [InlineData("interlace plan run --sele", "--selection")]
    [InlineData("interlace plan run --selection ", "greedy optimal")]
    [InlineData("interlace plan run --selection = opt", "optimal")]
    [InlineData("interlace plan run --selection =", "greedy optimal")]
    [InlineData("interlace plan ", "")]
    public void Bash_completes(string line, string expected)
    {
        // Words as bash cuts them, which takes an equals sign for a word.
        string[] words = line.Split(' ');
        string typed = line.Replace(" = ", "=", StringComparison.Ordinal).Replace(" =", "=", StringComparison.Ordinal);
        string script = $"""
            source interlace.bash
            complete -p interlace >&2
            COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}) COMP_CWORD={words.Length - 1}
            COMP_LINE='{typed}' COMP_POINT={typed.Length}
            _interlace interlace "$2" "$3"
            echo "$(printf '%s\n' "{"${COMPREPLY[@]}"}" | sort | tr '\n' ' ')"
            """;
        Assert.Equal(expected, Shell("bash", script));
    }

    [Theory]
    [InlineData("interlace pru", "prune")]
    [InlineData("interlace plan run --sele", "--selection")]
    [InlineData("interlace plan run --selection ", "greedy optimal")]
    [InlineData("interlace plan run --selection=opt", "optimal")]
    [InlineData("interlace plan ", "files")]
    public void Zsh_completes(string line, string expected)
    {
        string[] words = line.Split(' ');
        // Outside of a completion its own commands are not there: these stand in for them.
        string script = $"""
            compdef() {"{ true }"}
            compset() {"{ true }"}
            compadd() {"{ shift; print -r -- ${(o)@} }"}
            _files() {"{ print files }"}
            source ./interlace.zsh
            words=({string.Join(' ', words.Select(word => $"'{word}'"))}) CURRENT={words.Length} PREFIX='{words[^1]}'
            _interlace
            """;
        Assert.Equal(expected, Shell("zsh", script));
    }

    private static string[] Suggested(string line)
    {
        var run = CommandRun.Of($"[suggest:{line.Length}]", line);
        Assert.Equal((0, ""), (run.Code, run.Error));
        return run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Runs a script beside the program's own, with the program on the path.</summary>
    private static string Shell(string shell, string script)
    {
        string[] places = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        Assert.SkipUnless(places.Any(place => File.Exists(Path.Combine(place, shell))), $"{shell} is not installed");
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch.At($"interlace.{shell}"), CommandRun.Of("completion", shell).Out);
        string program = scratch.At("interlace");
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll")}' \"$@\"\n");
        if (OperatingSystem.IsWindows()) return "";   // has no such shells
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo(shell, ["-c", script]) { WorkingDirectory = scratch.Path, RedirectStandardOutput = true };
        start.Environment["PATH"] = string.Join(':', [scratch.Path, .. places]);
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.Trim();
    }
}
