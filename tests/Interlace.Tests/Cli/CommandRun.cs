using System.Text.Json.Nodes;
using Interlace.Cli;

namespace Interlace.Tests.Cli;

/// <summary>What one command line did, run in this process.</summary>
internal sealed record CommandRun(int Code, string Out, string Error)
{
    /// <summary>Runs a command line whose output goes to a file.</summary>
    public static CommandRun Of(params string[] arguments) => Of(CancellationToken.None, arguments);

    public static CommandRun Of(CancellationToken cancellation, params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        // The number of threads is the process's, and other tests run beside this one.
        if (arguments is [[not ('-' or '['), ..], ..] && !arguments.Contains("--threads")) arguments = [.. arguments, "--threads", "1"];
        int code = CommandLine.Run(arguments, new Terminal(output, error), cancellation);
        return new(code, output.ToString(), error.ToString());
    }

    public JsonNode Json() => JsonNode.Parse(Out)!;

    /// <summary>Refused for the user's input: code 2, one sentence on standard error, nothing on standard output.</summary>
    /// <param name="expectLog">Lines of the log may stand before the sentence.</param>
    public string Refusal(bool expectLog = false)
    {
        Assert.Equal((2, ""), (Code, Out));
        string[] lines = Error.TrimEnd('\n').Split('\n');
        string line = expectLog ? lines[^1] : Assert.Single(lines);
        Assert.EndsWith(".", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", line, StringComparison.Ordinal);
        return line;
    }
}
