using System.Text.RegularExpressions;

namespace Interlace.Cli;

/// <summary>What the machine refuses the program, in words: an exception of the runtime or the engine says it in its own.</summary>
internal static partial class MachineRefusal
{
    private const string Pixels = "data.max_pixels", Passes = "calibrate.batch_tokens or " + Pixels;

    /// <summary>What makes a command need less memory.</summary>
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

    /// <summary>A sentence, or null where the exception is about something else.</summary>
    /// <param name="e">From the runtime or the engine.</param>
    /// <param name="command">What was run; null where no command was.</param>
    public static string? Of(Exception? e, string? command = null) => e switch
    {
        null => null,
        OutOfMemoryException => NoMemory(e.Message, command),
        TypeInitializationException { TypeName: var type } when type.StartsWith("TorchSharp.", StringComparison.Ordinal) =>
        "The engine cannot be loaded: interlace doctor says what is missing; where memory is limited (ulimit -v), allow more.",
        FileNotFoundException or FileLoadException when e.Message.Contains("file or assembly", StringComparison.Ordinal) =>
            "The program cannot load its own parts: they are missing, or too few open files or too little memory are allowed (ulimit -n, "
                + "ulimit -v).",
        _ when AboutMemory().IsMatch(e.Message) => NoMemory(e.Message, command),
        _ => Of(e.InnerException, command),
    };

    private static string NoMemory(string message, string? command)
    {
        Match asked = Asked().Match(message);
        var (number, unit) = (asked.Groups["number"].Value, asked.Groups["unit"].Value);
        string amount = unit == "bytes" ? Layout.Bytes(long.Parse(number)) : $"{number} {unit}";
        string more = asked.Success ? $" (it asked for {amount} more)" : "";
        string? less = Less.GetValueOrDefault(command is "demo" or "paper" ? "run" : command ?? "");
        return $"There is not enough memory for {command ?? "this"}{more}: "
            + $"{(less is null ? "" : $"lower {less}, ")}allow more (ulimit -v), or close other programs.";
    }

    [GeneratedRegex("allocate memory|out of memory|not enough memory|bad_alloc", RegexOptions.IgnoreCase)]
    private static partial Regex AboutMemory();

    [GeneratedRegex("tried to allocate (?<number>[0-9]{1,15}(\\.[0-9]+)?) (?<unit>bytes|[KMGT]iB)", RegexOptions.IgnoreCase)]
    private static partial Regex Asked();
}
