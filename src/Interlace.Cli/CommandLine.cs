using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Cli;

/// <summary>The program as a function: arguments in, text and an exit code out.</summary>
internal static class CommandLine
{
    private const string Description =
        "Interleaved layer pruning of vision-language models: calibrate, plan, prune, fine-tune, evaluate, report.";

    private const string Sinks = "sinks", ShowVersion = "--version", All = "";

    private static readonly Dictionary<string, RootCommand> Roots = [];

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">What stands behind the program's name.</param>
    /// <param name="terminal">Where it prints.</param>
    /// <param name="cancellation">Ends the command early.</param>
    /// <param name="verbs">The commands, where not those of <see cref="Verbs"/>.</param>
    /// <param name="ranks">The processes that do the work together; this one alone where absent.</param>
    /// <returns>0 done; 1 the program's fault; 2 the user's input is wrong; 130 interrupted.</returns>
    public static int Run(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation,
        IReadOnlyList<Verb>? verbs = null, RankGroup? ranks = null)
    {
        if (verbs is null && Suggestions.Asked(arguments))
        {
            foreach (string suggestion in Suggestions.For(arguments, Standard)) terminal.Out.WriteLine(suggestion);
            return ExitCode.Done;
        }
        var root = verbs is null ? Standard(arguments is [var first, ..] ? first : All) : Root(verbs);
        ParseResult parse = root.Parse(arguments.Count == 0 ? ["--help"] : Spelled(arguments),
            new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is HelpWithExamples or VersionAction) return Show(parse, terminal);
        if (parse.CommandResult.Command is not Verb && parse.UnmatchedTokens.Count > 0 && parse.UnmatchedTokens[0] is [not '-', ..] unknown)
            return Refuse(terminal,
                $"There is no command '{unknown}': choose one of {string.Join(", ", root.Subcommands.Select(command => command.Name))}.");
        if (parse.Errors.Count > 0)
            return Refuse(terminal, $"{Sentence(parse.Errors[0].Message)} See {Called(parse.CommandResult.Command)} --help.");
        var verb = (Verb)parse.CommandResult.Command;
        if (Empty(parse.CommandResult) is { } empty) return Refuse(terminal, $"{empty} is empty: give a text. See {Called(verb)} --help.");
        using var invocation = new Invocation(parse, terminal, cancellation) { Ranks = ranks ?? RankGroup.Alone };
        try
        {
            using var profile = ProfileOption.Begin(invocation);
            return verb.Run(invocation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            invocation.EndProgress();
            terminal.Error.WriteLine(verb.Resumes ? "Interrupted. The same command goes on from here." : "Interrupted.");
            return ExitCode.Interrupted;
        }
        catch (Exception e)
        {
            invocation.EndProgress();
            return Report(e, verb.Name, terminal, invocation.Verbose);
        }
    }

    /// <summary>
    /// <c>--protect sinks</c> as the switch that it stands for: <c>--protect</c> alone takes no value, and what follows it may be a folder.
    /// </summary>
    private static IReadOnlyList<string> Spelled(IReadOnlyList<string> arguments)
    {
        var spelled = new List<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            bool apart = arguments[i] == StageOptions.Protect.Name && i + 1 < arguments.Count && arguments[i + 1] == Sinks;
            bool joined = arguments[i] == $"{StageOptions.Protect.Name}={Sinks}";
            spelled.Add(apart || joined ? StageOptions.ProtectSinks.Name : arguments[i]);
            if (apart) i++;
        }
        return spelled;
    }

    private static int Show(ParseResult helpOrVersion, Terminal terminal)
    {
        try
        {
            return helpOrVersion.Invoke(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error,
                EnableDefaultExceptionHandler = false });
        }
        catch (InputException e)
        {
            return Refuse(terminal, e.Message);
        }
    }

    private static int Report(Exception e, string command, Terminal terminal, bool verbose)
    {
        // Of the system's refusals (no such file, no permission, disk full, no memory) only the user can do something about them.
        string? refused = e is InputException ? null : MachineRefusal.Of(e, command);
        bool input = refused is not null || e is InputException or IOException or UnauthorizedAccessException;
        // Our own sentences are one line each: a line feed in one is from a name in a file.
        // Those of others may have further lines with details.
        string message = refused ?? (e is InputException ? e.Message : e.Message.Split('\n', 2)[0].TrimEnd());
        if (input) Refuse(terminal, Sentence(message));
        else terminal.Error.WriteLine($"Internal error ({e.GetType().Name}): "
            + $"{Printable.Line(Sentence(message))}{(verbose ? "" : " Repeat the command with --verbose for details.")}");
        if (verbose)
            foreach (string line in e.ToString().Split('\n')) terminal.Error.WriteLine(Printable.Line(line.TrimEnd('\r')));
        return input ? ExitCode.WrongInput : ExitCode.OurFault;
    }

    private static int Refuse(Terminal terminal, string sentence)
    {
        terminal.Error.WriteLine(Printable.Line(sentence));
        return ExitCode.WrongInput;
    }

    /// <summary>
    /// The name of an argument or option that was given as an empty text, as a shell gives a variable that is not set;
    /// null where there is none. What a model is told may be empty.
    /// </summary>
    private static string? Empty(CommandResult command) => command.Children
        .Where(result => result.Tokens.Any(token => token.Value.Length == 0))
        .Select(result => result switch { ArgumentResult argument => (Symbol)argument.Argument, OptionResult option => option.Option,
        _ => command.Command })
        .FirstOrDefault(symbol => !GenerateCommand.Said.Contains(symbol))?.Name;

    private static string Sentence(string message) =>
        message.EndsWith('.') || message.EndsWith('?') || message.EndsWith('!') ? message : message + ".";

    private static string Called(Command command) => command is Verb ? $"interlace {command.Name}" : "interlace";

    /// <summary>
    /// What a command line may mean, by the word that it begins with. Each command has dozens of options: to make those of all takes longer
    /// than many a command does.
    /// </summary>
    private static RootCommand Standard(string first)
    {
        lock (Roots)   // options are shared among commands
        {
            if (Roots.TryGetValue(first, out var root)) return root;
            if (first == ShowVersion) return Roots[first] = Root([]);
            if (Verbs.Create(first) is { } named) return Roots[first] = Root([named]);
            return Roots.TryGetValue(All, out var all) ? all : Roots[All] = Root(Verbs.Create());
        }
    }

    private static RootCommand Root(IReadOnlyList<Verb> verbs)
    {
        var root = new RootCommand(Description) { HelpName = "interlace" };
        foreach (var version in root.Options.OfType<VersionOption>().ToArray()) root.Options.Remove(version);
        root.Options.Add(new Option<bool>(ShowVersion)
        {
            Description = "Show the program's version, commit and engine.", Action = new VersionAction(),
        });
        foreach (var option in CommonOptions.Global) root.Options.Add(option);
        foreach (var verb in verbs) root.Subcommands.Add(verb);
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private sealed class HelpWithExamples(HelpAction standard) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var command = parseResult.CommandResult.Command;
            foreach (var option in command.Options.Concat(CommonOptions.Global).OfType<ExperimentOption>()) option.SayDefault();
            int code = standard.Invoke(parseResult);
            if (command is RootCommand)
                parseResult.InvocationConfiguration.Output.WriteLine("Begin with: interlace demo. Options and examples of a command: "
                    + "interlace COMMAND --help.");
            if (command is not Verb { Examples.Count: > 0 } verb) return code;
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in verb.Examples) output.WriteLine($"  {example}");
            output.WriteLine();
            return code;
        }
    }

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override bool Terminating => true;

        public override int Invoke(ParseResult parseResult)
        {
            Version version = typeof(CommandLine).Assembly.GetName().Version!;
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine($"interlace {version.ToString(3)}");
            output.WriteLine($"commit {BuildFacts.Commit}");
            output.WriteLine($"engine {BuildFacts.Engine}");
            return ExitCode.Done;
        }
    }
}
