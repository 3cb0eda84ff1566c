using System.Globalization;
using Interlace.Fuzz;

// fuzz [--inputs N] [--seconds S] [--seed N] [--workers N] [--only A,B] [--keep FOLDER]
// replay KIND FILE|SEED [FOLDER]: one input, in this process, in an empty folder that stays
if (args is ["worker"]) return Worker.Serve();

string repository = Repository(), demo = Path.Combine(repository, "assets", "demo"),
    corpus = Path.Combine(repository, "tests", "Interlace.Fuzz", "Corpus");
var scratch = Directory.CreateTempSubdirectory("interlace-fuzz-");
try
{
    string good = Path.Combine(scratch.FullName, "worker-0");   // where it will be used: some files keep where their inputs lay
    Directory.CreateDirectory(good);
    GoodInputs.Make(good, demo);
    Directory.Move(good, good = Path.Combine(scratch.FullName, "good"));
    if (args is ["replay", var kind, var input, ..])
    {
        var target = Target.All.Single(t => t.Name == kind);
        byte[] bytes = File.Exists(input)
            ? File.ReadAllBytes(input)
            : target.Input(File.ReadAllBytes(Path.Combine(good, target.File)), ulong.Parse(input, CultureInfo.InvariantCulture));
        string folder = args.Length > 3 ? Path.GetFullPath(args[3]) : Path.Combine(scratch.FullName, "worker-0");
        Fuzzer.Lay(target, bytes, good, folder);
        var outcome = Worker.Run(folder, target);
        Console.WriteLine($"{string.Join(", ", target.Commands)}\nended with {string.Join(", ", outcome.Codes)}, {outcome.PeakBytes / 1_000_000} MB; {outcome.Fault ?? "no fault"}");
        Fuzzer.Lay(target, bytes, good, folder);
        Console.WriteLine(Worker.Run(folder, target, verbose: true).Message);
        return outcome.Fault is null ? 0 : 1;
    }
    string Option(string name, string standard) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : standard;
    double Number(string name, double standard) =>
        double.Parse(Option(name, standard.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
    var options = new FuzzOptions((ulong)Number("--seed", 1), (long)Number("--inputs", long.MaxValue), Number("--seconds", 90),
        (int)Number("--workers", Math.Max(1, Environment.ProcessorCount / 2)),
        Option("--only", "").Split(',', StringSplitOptions.RemoveEmptyEntries),
        Path.GetFullPath(Option("--keep", Path.Combine(repository, "out", "fuzz"))));
    var (sound, faulty) = new Fuzzer(options, good, scratch.FullName, corpus).Run();
    Console.WriteLine($"fuzz: {sound} passed, {faulty} failed, 0 skipped");
    return faulty == 0 ? 0 : 1;
}
finally
{
    scratch.Delete(recursive: true);
}

static string Repository()
{
    for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        if (File.Exists(Path.Combine(folder.FullName, "Interlace.slnx"))) return folder.FullName;
    throw new InvalidOperationException("Interlace.slnx is in no folder above the program.");
}
