using System.Diagnostics;
using System.Globalization;
using Interlace.Bench;
using Interlace.Bench.Figures;
using Interlace.Vlm.Engine;

Compute.LoadEngine();   // with the settings of the program

// Every figure compares two ways of doing the same thing, in turns in one run.
(string Name, bool InTable, Func<IEnumerable<Figure>> Run)[] figures =
[
    ("prefill", true, () => PrefillFigures.Run("4b", 512, 4096)),
    ("vision", true, VisionFigures.Run),
    ("calibration", true, CalibrationFigures.Run),
    ("training", true, TrainingFigures.Demo),
    ("training-4b", true, TrainingFigures.Big),
    ("training-step", true, TrainingFigures.Step),
    ("training-memory", true, TrainingFigures.Memory),
    ("decoding", true, DecodingFigures.Run),
    ("prune", true, () => FileFigures.Prune(Model())),
    ("open", true, () => FileFigures.Open(Model())),
    ("folder", true, () => CommandFigures.Folder(Model())),
    ("sample", true, FileFigures.Sample),
    ("sleb", true, () => SlebFigures.Run()),
    ("demo", true, CommandFigures.Demo),
    ("memory", true, CalibrationFigures.Memory),
    ("start", true, CommandFigures.Start),
    ("busy", true, CommandFigures.Busy),
    ("ranks", true, RankFigures.Run),
    ("attention", false, AttentionFigures.Run),
    ("products", false, ProductFigures.Run),
    ("recompute", false, TrainingFigures.Recompute),
    ("order", false, DecodingFigures.Order),
    ("table", false, TableFigures.Run),
];
if (Value("--program") is { } program) Repository.Program = program;
switch (args.Contains("--help") ? [] : args)
{
    case ["all", ..]:
        string[] without = (Value("--without") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (without.FirstOrDefault(name => figures.All(figure => figure.Name != name)) is { } unknown)
        {
            Console.Error.WriteLine($"There is no figure '{unknown}' to be left out (--without).");
            return 2;
        }
        Table.Write(figures.Where(figure => figure.InTable && !without.Contains(figure.Name))
            .Select(figure => (figure.Name, figure.Run)), Value("--out"));
        break;
    case [var name, ..] when figures.FirstOrDefault(figure => figure.Name == name).Run is { } run:
        foreach (var figure in run()) Console.WriteLine(figure.Line);
        break;
    case ["child", "train", var recipe]: TrainingFigures.Child(recipe); break;
    case ["child", var part, var way]: CalibrationFigures.Child(part, way); break;
    case ["fabricate", var folder, "--like", var shape, ..]:
        Fabricate.Run(folder, shape, Value("--layers") is { } layers ? int.Parse(layers) : null,
            Value("--tokenizer") ?? Repository.DemoModel);
        break;
    case ["scale", "check", ..]:
        ScaleCheck.Run();
        break;
    case ["scale", ..]:
        Scale.Print(Number("--tflops", 400), 1e9 * Number("--bandwidth", 50), 1e-6 * Number("--latency", 10), Number("--tokens", 900));
        break;
    case ["device", var folder, ..]:
        using (var output = Value("--out") is { } path ? new StreamWriter(path) { AutoFlush = true } : Console.Out)
        {
            DeviceBenchmark.Run(folder, Value("--device") ?? "auto", Value("--type") ?? "auto",
                Value("--threads") is { } threads ? int.Parse(threads) : null,
                args.Contains("--brief") ? DeviceBenchmark.Amount.Brief : DeviceBenchmark.Amount.Full, output);
        }
        break;
    default:
        Console.Error.WriteLine($"""
            usage: Interlace.Bench all [--model FOLDER] [--without NAME,NAME] [--out FILE.md]
                   Interlace.Bench {string.Join(" | ", figures.Select(figure => figure.Name))} [--model FOLDER] [--program FILE]
                   Interlace.Bench device MODEL [--device cpu|cuda] [--type fp32|bf16] [--threads N] [--brief] [--out FILE]
                   Interlace.Bench fabricate FOLDER --like 4b|8b [--layers N] [--tokenizer MODEL]
                   Interlace.Bench scale check
                   Interlace.Bench scale [--tflops N] [--bandwidth GB/s] [--latency us] [--tokens N]
            FOLDER is what is pruned and opened: the demo's model, unless one that was fabricated is named.
            FILE is the program whose commands are timed: the one in the build's folder, unless the archive's is named.
            """);
        return 2;
}
return 0;

double Number(string name, double otherwise) => Value(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

string Model() => Value("--model") ?? Repository.DemoModel;

string? Value(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
