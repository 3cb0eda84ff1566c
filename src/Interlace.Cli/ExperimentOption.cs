using System.CommandLine;
using System.CommandLine.Completions;
using Interlace.Experiments;

namespace Interlace.Cli;

/// <summary>An option with a value, such as <c>--ratio 0.25</c>; its default in the help is the experiment's.</summary>
internal sealed class ExperimentOption : Option<string?>, IExperimentOption
{
    private readonly string _help;

    /// <param name="name">Name with its dashes.</param>
    /// <param name="path">The value's place in the experiment.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="helpName">What the help calls the value; the last part of its place where absent.</param>
    /// <param name="choices">What a shell completes it to; where absent, the few values that the experiment allows.</param>
    public ExperimentOption(string name, string path, string help, string? helpName = null, Func<IEnumerable<string>>? choices = null)
        : base(name)
    {
        choices ??= () => ExperimentFile.Choices(path);
        CompletionSources.Add(_ => choices().Select(choice => new CompletionItem(choice)));
        Path = path;
        HelpName = helpName ?? path.Split('.')[^1];
        Description = _help = help;
    }

    public string Path { get; }

    /// <summary>Puts the default into the description, for who reads the help: to find it takes longer than many a command.</summary>
    public void SayDefault()
    {
        if (ExperimentFile.Default(Path) is { } standard) Description = $"{_help[..^1]} (default: {standard}).";
    }

    public string? GivenIn(ParseResult parse) => parse.GetResult(this) is { Implicit: false } ? parse.GetValue(this) : null;
}
