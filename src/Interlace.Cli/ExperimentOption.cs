using System.CommandLine;
using Interlace.Experiments;

namespace Interlace.Cli;

/// <summary>An option that sets one value of the <see cref="Experiment"/>.</summary>
internal interface IExperimentOption
{
    /// <summary>The value's place, such as <c>plan.ratio</c>.</summary>
    string Path { get; }

    /// <summary>The text that was given on the command line, or null.</summary>
    string? GivenIn(ParseResult parse);
}

/// <summary>An option with a value, such as <c>--ratio 0.25</c>; its default in the help is the experiment's.</summary>
internal sealed class ExperimentOption : Option<string?>, IExperimentOption
{
    /// <param name="name">Name with its dashes.</param>
    /// <param name="path">The value's place in the experiment.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="helpName">What the help calls the value; the last part of its place where absent.</param>
    public ExperimentOption(string name, string path, string help, string? helpName = null) : base(name)
    {
        Path = path;
        HelpName = helpName ?? path.Split('.')[^1];
        Description = ExperimentFile.Default(path) is { } standard ? $"{help[..^1]} (default: {standard})." : help;
    }

    public string Path { get; }

    public string? GivenIn(ParseResult parse) => parse.GetResult(this) is { Implicit: false } ? parse.GetValue(this) : null;
}

/// <summary>An option without a value that stands for one, such as <c>--no-protect</c>.</summary>
internal sealed class ExperimentSwitch : Option<bool>, IExperimentOption
{
    private readonly string _value;

    /// <param name="name">Name with its dashes.</param>
    /// <param name="path">The value's place in the experiment.</param>
    /// <param name="value">The value that it stands for.</param>
    /// <param name="help">One sentence.</param>
    public ExperimentSwitch(string name, string path, string value, string help) : base(name)
    {
        (Path, _value, Description) = (path, value, help);
    }

    public string Path { get; }

    public string? GivenIn(ParseResult parse) => parse.GetResult(this) is { Implicit: false } && parse.GetValue(this) ? _value : null;
}
