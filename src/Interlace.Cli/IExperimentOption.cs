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
