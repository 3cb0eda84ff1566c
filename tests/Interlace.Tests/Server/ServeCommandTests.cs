using System.Diagnostics;
using System.Text.Json.Nodes;
using Interlace.Cli;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Server;

public class ServeCommandTests
{
    [Fact]
    public void Models_are_called_by_the_shortest_ends_of_paths_that_tell_them_apart()
    {
        Assert.Equal(["tuned"], ServeCommand.Names(["run/tuned/"]));
        Assert.Equal(["dense", "pruned", "tuned"], ServeCommand.Names(["a/dense", "b/pruned", "./b/tuned"]));
        Assert.Equal(["a/tuned", "b/tuned"], ServeCommand.Names(["x/a/tuned", "x/b/tuned"]));
        Assert.Equal(["tuned", "tuned-2"], ServeCommand.Names(["tuned", "tuned"]));
    }

    [Fact]
    public void Wrong_input_is_refused_in_one_sentence()
    {
        string Refusal(params string[] arguments) => CommandRun.Of(["serve", .. arguments, "--device", "cpu"]).Refusal();
        string model = TinyCheckpoints.Tied;
        Assert.Contains("--api-key-env", Refusal(model, "--host", "0.0.0.0"), StringComparison.Ordinal);
        Assert.Contains("--host is 'here'", Refusal(model, "--host", "here"), StringComparison.Ordinal);
        Assert.Contains("INTERLACE_NO_SUCH_KEY", Refusal(model, "--api-key-env", "INTERLACE_NO_SUCH_KEY"), StringComparison.Ordinal);
        Assert.Contains("--port is '70000'", Refusal(model, "--port", "70000"), StringComparison.Ordinal);
        Assert.Contains("no model folder", Refusal("nowhere/at/all"), StringComparison.Ordinal);
    }

    [Theory, InlineData("INT"), InlineData("TERM")]
    public async Task The_program_serves_until_it_is_told_to_end_and_ends_well(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent by kill");
        var cancellation = TestContext.Current.CancellationToken;
        using var server = await ServeProcess.Start(Demo.Model);
        Assert.Equal(["model"], server.Models);
        Assert.Equal("""{"status":"ok"}""", await server.Http.GetStringAsync("/health", cancellation));
        string examples = await server.Http.GetStringAsync("/examples", cancellation);
        Assert.True(JsonNode.Parse(examples)!.AsArray().Count > 1);
        using var kill = Process.Start("kill", [$"-{signal}", $"{server.Process.Id}"]);
        await server.Process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(30), cancellation);
        Assert.Equal(0, server.Process.ExitCode);
        Assert.DoesNotContain("rror", await server.Error, StringComparison.Ordinal);
    }
}
