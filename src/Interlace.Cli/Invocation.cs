using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Text;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>One call of a command: the values of its options, and the ways to print.</summary>
internal sealed class Invocation(ParseResult parse, Terminal terminal, CancellationToken cancellation) : IDisposable
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    private readonly HashSet<string> _logged = [];
    private ConsoleProgress? _progress;

    public CancellationToken Cancellation => cancellation;

    /// <summary>The processes that do the work together.</summary>
    public RankGroup Ranks { get; init; } = RankGroup.Alone;

    /// <summary>What is named of the hub, as local folders.</summary>
    public HubPlaces Hub => field ??= new(this);

    public bool Json => parse.GetValue(CommonOptions.Json);
    public bool Quiet => parse.GetValue(CommonOptions.Quiet);
    public bool Verbose => parse.GetValue(CommonOptions.Verbose);
    public bool Force => parse.GetValue(CommonOptions.Force);

    /// <summary>Results as they come: for what is printed piece by piece.</summary>
    public TextWriter Out => terminal.Out;

    /// <summary>What is printed stands on a screen, where characters of a text could be commands.</summary>
    public bool OutIsTerminal => terminal.OutIsTerminal;

    /// <summary>Where long stages report; draws on standard error.</summary>
    public IProgress<StageProgress> Progress => _progress ??= new(terminal, Quiet, TimeProvider.System);

    public T? Get<T>(Option<T> option) => parse.GetValue(option);
    public T Get<T>(Argument<T> argument) => parse.GetRequiredValue(argument);

    /// <summary>The command line has this option.</summary>
    public bool Given(ExperimentOption option) => option.GivenIn(parse) is not null;

    /// <summary>The recipe's defaults, changed by a file, then by <c>--set</c>, then by the options of the command.</summary>
    /// <param name="file">The file; that of <c>--config</c> where absent.</param>
    /// <param name="standard">Gives what stands in place of the recipe's defaults, where no file is named.</param>
    /// <exception cref="InputException">A file or a value is wrong.</exception>
    public Experiment Experiment(string? file = null, Func<string, Experiment>? standard = null)
    {
        file ??= ConfigFile;
        string? recipe = Given(CommonOptions.Recipe);
        var experiment = file is null
            ? (standard ?? Recipe.Experiment)(recipe ?? Recipe.Paper)
            : ExperimentFile.Load(file, recipe, LogOnce);
        foreach (string assignment in parse.GetValue(CommonOptions.Set) ?? []) experiment = ExperimentFile.Set(experiment, assignment);
        foreach (var option in parse.CommandResult.Command.Options.Concat(parse.RootCommandResult.Command.Options)
            .OfType<IExperimentOption>())
            if (option.GivenIn(parse) is { } value) experiment = ExperimentFile.Set(experiment, option.Path, value, ((Option)option).Name);
        return experiment;
    }

    /// <summary>Device, type and threads of the computation, as the options say.</summary>
    /// <exception cref="InputException">The machine has no such device.</exception>
    public Compute Compute() => Compute(Experiment());

    /// <summary>Device, type and threads of the computation, as an experiment and <c>--threads</c> say.</summary>
    /// <exception cref="InputException">The machine has no such device.</exception>
    public Compute Compute(Experiment experiment)
    {
        return Vlm.Engine.Compute.Choose(experiment.Device, experiment.Dtype, parse.GetValue(CommonOptions.Threads),
            Ranks.Launch.LocalCount);
    }

    /// <summary>An experiment as a piece of work: the log and the progress go to standard error.</summary>
    /// <exception cref="InputException">The machine has no such device.</exception>
    public Job Job(Experiment experiment) => new(experiment, Compute(experiment), Log, Progress, cancellation) { Ranks = Ranks };

    /// <summary>The folder that the command writes to as a run of its own.</summary>
    /// <param name="target">The folder.</param>
    /// <param name="command">Name of the command.</param>
    /// <param name="experiment">All settings.</param>
    /// <param name="inputs">What the command reads beside what the settings name.</param>
    /// <exception cref="InputException">It cannot be written to.</exception>
    public OutFolder OpenOut(string target, string command, Experiment experiment, params string?[] inputs) =>
        OutFolder.Open(target, command, experiment, Force, [.. inputs, ConfigFile], Log);

    /// <summary>Checks the file or the model folder that the command writes, before anything is done.</summary>
    /// <param name="target">The place.</param>
    /// <param name="inputs">Everything that the command reads.</param>
    /// <exception cref="InputException">It is or holds an input.</exception>
    public void CheckOut(string target, params string?[] inputs)
    {
        OutputPlace.Check(target, [.. inputs, ConfigFile]);
        if (Force && Directory.Exists(target) && ModelRecords.AreIn(target))
            Log($"--force: the model in {target} is deleted when the new one is complete.");
    }

    private string? ConfigFile => Given(CommonOptions.Config);

    /// <summary>The value of an option, where the command has it.</summary>
    private string? Given(Option<string?> option) =>
        parse.CommandResult.Command.Options.Contains(option) ? parse.GetValue(option) : null;

    /// <summary>One line for a person on standard error.</summary>
    public void Log(string line)
    {
        if (Quiet) return;
        EndProgress();
        terminal.Error.WriteLine(Printable.Line(line));
    }

    private void LogOnce(string line)
    {
        if (_logged.Add(line)) Log(line);
    }

    /// <summary>A result: JSON where that is asked for, else drawn text.</summary>
    public void Print(Func<JsonNode> json, Action<IAnsiConsole> draw)
    {
        EndProgress();
        if (Json) terminal.Out.WriteLine(json().ToJsonString(Indented));
        else Draw(draw, terminal.Out, terminal.OutIsTerminal);
        terminal.Out.Flush();
    }

    /// <summary>Leaves the line of the progress bar.</summary>
    public void EndProgress() => _progress?.EndLine();

    public void Dispose() => _progress?.Dispose();

    /// <summary>Drawn text that is no result: on standard error.</summary>
    public void DrawOnError(Action<IAnsiConsole> draw)
    {
        if (Quiet) return;
        EndProgress();
        Draw(draw, terminal.Error, terminal.ErrorIsTerminal);
    }

    private void Draw(Action<IAnsiConsole> draw, TextWriter to, bool isTerminal)
    {
        bool colours = isTerminal && terminal.Colours;
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = colours ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = terminal.Width;
        console.Profile.Capabilities.Unicode = true;
        console.Pipeline.Attach(new PrintableText());
        draw(console);
        foreach (string line in text.ToString().TrimEnd().Split('\n')) to.WriteLine(line.TrimEnd());   // tables are padded
    }
}
