using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Interlace.Cli;

/// <summary>A command needed more memory than there is: told apart from the program's faults, because the user can do something about it.</summary>
internal static partial class OutOfMemory
{
    private const string Pixels = "data.max_pixels", Passes = "calibrate.batch_tokens or " + Pixels;

    /// <summary>What makes a command need less.</summary>
    private static readonly Dictionary<string, string> Less = new(StringComparer.Ordinal)
    {
        ["calibrate"] = Passes,
        ["sparsify"] = Passes,
        ["finetune"] = "finetune.micro_batch_tokens or " + Pixels,
        ["evaluate"] = "evaluate.slots or " + Pixels,
        ["latency"] = Pixels,
        ["generate"] = "--max-pixels or the length of the question",
        ["trace"] = "--max-pixels or the length of the conversation",
        ["run"] = "calibrate.batch_tokens, finetune.micro_batch_tokens, evaluate.slots or " + Pixels,
    };

    /// <summary>One sentence where the exception, or what caused it, is about memory; else null.</summary>
    /// <param name="e">From the runtime or the engine.</param>
    /// <param name="command">What was run.</param>
    public static string? Message(Exception e, string command)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is not OutOfMemoryException && !(cause is ExternalException && Engine().IsMatch(cause.Message))) continue;
            string asked = Asked().Match(cause.Message) is { Success: true } match ? $" (it asked for {Size(match)} more)" : "";
            string advice = Less.GetValueOrDefault(command is "demo" or "paper" ? "run" : command) is { } settings ? $"lower {settings}, or use a machine with more" : "use a machine with more";
            return $"{command} needs more memory than there is{asked}: {advice}.";
        }
        return null;
    }

    private static string Size(Match match) => match.Groups["unit"].Value == "bytes" ? Layout.Bytes(long.Parse(match.Groups["number"].Value)) : match.Groups["number"].Value + " " + match.Groups["unit"].Value;

    [GeneratedRegex("out of memory|can't allocate memory|not enough memory|bad_alloc", RegexOptions.IgnoreCase)]
    private static partial Regex Engine();

    [GeneratedRegex("tried to allocate (?<number>[0-9]{1,15}(\\.[0-9]+)?) (?<unit>bytes|[KMGT]iB)", RegexOptions.IgnoreCase)]
    private static partial Regex Asked();
}
