using Interlace.Cli;
using Interlace.Experiments;

namespace Interlace.Tests.Cli;

public class CommandLineTests
{
    public static TheoryData<string> Names => [.. Verbs.Create().Select(verb => verb.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_command_is_found_in_the_table_by_its_own_name(string name) => Assert.Equal(name, Verbs.Create(name)?.Name);

    [Fact]
    public void The_help_lists_every_command()
    {
        foreach (string[] arguments in new string[][] { [], ["--help"], ["-h"] })
        {
            var run = CommandRun.Of(arguments);
            Assert.Equal((0, ""), (run.Code, run.Error));
            foreach (var verb in Verbs.Create()) Assert.Contains($"{verb.Name} ", run.Out, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_command_has_a_help_with_examples(string name)
    {
        var run = CommandRun.Of(name, "--help");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains($"interlace {name}", run.Out[run.Out.IndexOf("Examples:", StringComparison.Ordinal)..], StringComparison.Ordinal);
        foreach (string option in new[] { "--seed", "--device", "--dtype", "--quiet", "--json", "--verbose", "--force" })
            Assert.Contains(option, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_printed_with_commit_and_engine()
    {
        string version = CommandRun.Of("--version").Out;
        Assert.Matches(@"^interlace \d+\.\d+\.\d+\ncommit ([0-9a-f]{40}|unknown)\n"
            + @"engine libtorch .*\d+\.\d+\.\d+.*, TorchSharp \d+\.\d+\.\d+\n$", version);
        if (Path.Exists(Path.Combine(Shared.Repository, ".git"))) Assert.DoesNotContain("unknown", version, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no such command", "fly")]
    [InlineData("an unknown option", "doctor", "--fly")]
    [InlineData("a missing argument", "inspect")]
    [InlineData("one argument too many", "inspect", "a", "b")]
    [InlineData("a device of no kind", "doctor", "--device", "tpu")]
    [InlineData("a type of no kind", "doctor", "--dtype", "fp8")]
    [InlineData("a seed of no kind", "doctor", "--seed", "now")]
    [InlineData("no threads", "doctor", "--threads", "0")]
    [InlineData("threads of no kind", "doctor", "--threads", "two")]
    [InlineData("an option without its value", "doctor", "--seed")]
    public void Wrong_input_ends_with_2_and_one_sentence(string what, params string[] arguments)
    {
        string sentence = CommandRun.Of(arguments).Refusal();
        Assert.True(sentence.Length > 20, what);
        Assert.DoesNotContain("System.", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_names_the_option_and_the_value()
    {
        Assert.StartsWith("--device is 'tpu', expected auto, cpu or cuda.", CommandRun.Of("doctor", "--device", "tpu").Refusal(),
            StringComparison.Ordinal);
        Assert.StartsWith("--seed is 'now', expected a whole number.", CommandRun.Of("doctor", "--seed", "now").Refusal(),
            StringComparison.Ordinal);
        Assert.StartsWith("There is no command 'fly': choose one of demo, run,", CommandRun.Of("fly").Refusal(), StringComparison.Ordinal);
        Assert.Contains("'--fly'", CommandRun.Of("doctor", "--fly").Refusal(), StringComparison.Ordinal);
        Assert.Contains("'b'", CommandRun.Of("inspect", "a", "b").Refusal(), StringComparison.Ordinal);
        Assert.StartsWith("--threads is 'two', expected a positive whole number.", CommandRun.Of("doctor", "--threads", "two").Refusal(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_command_ends_with_130()
    {
        var run = CommandRun.Of(new CancellationToken(canceled: true), "doctor");
        Assert.Equal((130, ""), (run.Code, run.Out));
        Assert.StartsWith("Interrupted.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Our_own_faults_end_with_1_and_tell_more_only_when_asked(bool verbose)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        int code = CommandLine.Run(verbose ? ["boom", "--verbose"] : ["boom"], new Terminal(output, error), CancellationToken.None,
            [new Verb("boom", "Fails.", [], _ => throw new InvalidOperationException("a wire is loose\nin the cellar"))]);
        Assert.Equal(1, code);
        Assert.StartsWith("Internal error (InvalidOperationException): a wire is loose.", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(verbose, error.ToString().Contains("   at ", StringComparison.Ordinal));
        Assert.Equal(!verbose, error.ToString().Contains("--verbose", StringComparison.Ordinal));
    }

    [Fact]
    public void Options_override_single_values_which_override_the_file()
    {
        using var scratch = new ScratchFolder();
        string file = scratch.At("experiment.json");
        File.WriteAllText(file, """{"seed": 1, "plan": {"ratio": 0.1}, "device": "cpu"}""");
        Experiment? seen = null;
        var verb = new Verb("show", "Shows.", [], invocation => { seen = invocation.Experiment(); return 0; })
        {
            CommonOptions.Config, CommonOptions.Set, new ExperimentOption("--ratio", "plan.ratio", "Part."),
            new ExperimentSwitch("--no-protect", "plan.protect", "false", "Drops any layer."),
        };
        int Run(params string[] arguments) =>
            CommandLine.Run(["show", .. arguments], new Terminal(TextWriter.Null, TextWriter.Null), CancellationToken.None, [verb]);
        Assert.Equal(0, Run());
        Assert.Equal(new Experiment(), seen);
        Assert.Equal(0, Run("--config", file, "--set", "seed=2", "--set", "plan.tokens=image", "--ratio", "0.2", "--seed", "3",
            "--no-protect"));
        Assert.Equal((3, "cpu"), (seen!.Seed, seen.Device));
        Assert.Equal(new PlanOptions(Ratio: 0.2, Tokens: "image", Protect: false), seen.Plan);
        Assert.Equal(2, Run("--ratio", "1.5"));
        Assert.Equal(2, Run("--config", file + ".none"));
    }
}
