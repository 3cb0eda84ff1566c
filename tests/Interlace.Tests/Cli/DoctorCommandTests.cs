using System.Text.Json.Nodes;

namespace Interlace.Tests.Cli;

public class DoctorCommandTests
{
    [Fact]
    public void The_machine_that_runs_the_tests_is_healthy()
    {
        var run = CommandRun.Of("doctor", "--json", "--device", "cpu", "--threads", "1");
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonNode result = run.Json();
        Assert.True(result["works"]!.GetValue<bool>());
        Assert.All(result["checks"]!.AsArray(), check => Assert.True(check!["works"]!.GetValue<bool>(), check.ToJsonString()));
        Assert.True(result["memory_bytes"]!["total"]!.GetValue<long>() >= result["memory_bytes"]!["available"]!.GetValue<long>());
        Assert.True(result["memory_bytes"]!["available"]!.GetValue<long>() > 0);
    }

    [Fact]
    public void A_busy_machine_is_told_how_many_threads_stay_free()
    {
        int threads = Environment.ProcessorCount;
        Assert.Equal("0.2 programs at work in the last minute", Interlace.Cli.Load.Say(0.2, threads));
        string expected = $"{threads + 0.6:0.0} programs at work in the last minute: "
            + "give a command no more threads than stay free (--threads 1)";
        Assert.Equal(threads == 1 ? expected.Split(':')[0] : expected, Interlace.Cli.Load.Say(threads + 0.6, threads));
    }

    [Fact]
    public void A_check_that_throws_fails_with_the_reason_behind_it()
    {
        var failed = Interlace.Cli.CheckResult.Of("library", () => throw new TypeInitializationException("Native", new DllNotFoundException("libfoo.so\nis not there")));
        Assert.Equal((false, "libfoo.so"), (failed.Works, failed.Detail));
        Assert.True(Interlace.Cli.CheckResult.Of("library", () => "found").Works);
    }

    [Fact]
    public void The_table_is_plain_text_without_trailing_spaces()
    {
        var run = CommandRun.Of("doctor", "--device", "cpu");
        Assert.Contains("Everything works.", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", run.Out, StringComparison.Ordinal);
        Assert.All(run.Out.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
    }
}
