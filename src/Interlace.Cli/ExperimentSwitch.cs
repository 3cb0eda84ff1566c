using System.CommandLine;

namespace Interlace.Cli;

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
