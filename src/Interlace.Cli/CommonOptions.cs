using System.CommandLine;
using System.CommandLine.Completions;

namespace Interlace.Cli;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static readonly Option<bool> Json = Switch("--json", "Print results as JSON.");
    public static readonly Option<bool> Quiet = Switch("--quiet", "No progress and no log.");
    public static readonly Option<bool> Verbose = Switch("--verbose", "Show where in the program an error came from.");
    public static readonly Option<bool> Force =
        Switch("--force", "Start over: what an earlier run of Interlace made in the output folder is deleted, and nothing else. "
            + "Under compare: compare runs that differ.");

    public static readonly Option<int?> Threads = Parsed<int?>("--threads",
        "Threads of the engine on the CPU (default: one per physical core).",
        text => int.TryParse(text, out int count) && count > 0 ? count : null, "a positive whole number", recursive: true);

    public static readonly Option<string?> Profile = new("--profile")
    {
        Description = "Write where the time went to a file that chrome://tracing and Perfetto show, and print a table of it.",
        HelpName = "FILE.json", Recursive = true,
    };

    /// <summary>A complete experiment whose values take the place of the defaults.</summary>
    public static readonly Option<string?> Config =
        new("--config") { Description = "Experiment file whose values take the place of the defaults.", HelpName = "FILE.json" };

    /// <summary>The defaults below everything else.</summary>
    public static readonly Option<string?> Recipe = new("--recipe")
    {
        Description = "Defaults of all options: paper, or authors for what the paper's authors' released code does "
            + "(default: the experiment file's, else paper).",
        HelpName = "NAME", CompletionSources = { _ => Experiments.Recipe.Names.Select(name => new CompletionItem(name)) },
    };

    /// <summary>Single values of the experiment.</summary>
    public static readonly Option<string[]> Set = new("--set")
    {
        Description = "Set one value of the experiment, such as finetune.learning_rate=2e-5; may be repeated. "
            + "A wrong name is answered with the right ones.", HelpName = "a.b=value", Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>Accepted by every command.</summary>
    public static IReadOnlyList<Option> Global { get; } =
    [
        new ExperimentOption("--seed", "seed", "Seed of everything that uses chance.") { Recursive = true },
        new ExperimentOption("--device", "device", "auto, cpu or cuda.") { Recursive = true },
        new ExperimentOption("--dtype", "dtype",
            "Type of the computation: auto (bf16 where the device is fast at it), fp32 or bf16.") { Recursive = true },
        Threads, Profile, Json, Quiet, Verbose, Force,
    ];

    /// <summary>An option whose text is turned into a number here, so that the message about a wrong one is ours.</summary>
    /// <param name="name">Name with its dashes.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="parse">The value, or null where the text is none.</param>
    /// <param name="expected">What is expected, for the message.</param>
    /// <param name="recursive">Also accepted by all commands below.</param>
    public static Option<T?> Parsed<T>(string name, string help, Func<string, T?> parse, string expected, bool recursive = false) =>
        new(name)
    {
        Description = help,
        Recursive = recursive,
        HelpName = "number",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (parse(text) is { } value) return value;
            result.AddError($"{name} is '{text}', expected {expected}");
            return default;
        },
    };

    private static Option<bool> Switch(string name, string help) => new(name) { Description = help, Recursive = true };
}
