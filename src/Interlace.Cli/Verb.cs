using System.CommandLine;

namespace Interlace.Cli;

/// <summary>A command of the program: its name, arguments and options, examples for its help, and what it does.</summary>
/// <param name="name">How it is called.</param>
/// <param name="description">One sentence.</param>
/// <param name="examples">Complete command lines.</param>
/// <param name="run">Does it and gives the exit code.</param>
/// <param name="resumes">The same command goes on where an interrupted one stopped.</param>
internal sealed class Verb(string name, string description, IReadOnlyList<string> examples, Func<Invocation, int> run,
    bool resumes = false) : Command(name, description)
{
    /// <summary>Complete command lines, shown in the help.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>The same command goes on where an interrupted one stopped.</summary>
    public bool Resumes { get; } = resumes;

    /// <summary>Does it and gives the exit code.</summary>
    public int Run(Invocation invocation) => run(invocation);
}
