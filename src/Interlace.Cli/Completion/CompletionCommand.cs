using System.CommandLine;
using System.CommandLine.Completions;
using Interlace.Vlm;

namespace Interlace.Cli;

/// <summary><c>completion SHELL</c>: the script by which a shell completes what is typed behind <c>interlace</c>.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh"];

    private static readonly Argument<string> Shell = new("SHELL")
    {
        Description = "bash or zsh.", CompletionSources = { _ => Shells.Select(shell => new CompletionItem(shell)) },
    };

    public static Verb Create() => new("completion", "Print the script by which a shell completes commands, options and their values.",
        ["source <(interlace completion bash)", "source <(interlace completion zsh)"], Run) { Shell };

    private static int Run(Invocation invocation)
    {
        string shell = invocation.Get(Shell);
        if (!Shells.Contains(shell)) throw new InputException($"There is no script for '{shell}': choose {string.Join(" or ", Shells)}.");
        using var script = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"interlace.{shell}")!;
        using var reader = new StreamReader(script);
        invocation.Out.Write(reader.ReadToEnd());
        invocation.Out.Flush();
        return ExitCode.Done;
    }
}
