using Interlace.Bench;

// Each benchmark but step, decoding and table compares two ways of doing the same thing, interleaved in one process, and prints the ratio of their medians.
if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null) TorchSharp.torch.set_num_threads(1);   // unless asked otherwise: threads that wait for each other measure the machine
string demo = Path.Combine(Repository.Folder, "assets", "demo");   // not there where the benchmark was carried to another machine
switch (args.FirstOrDefault())
{
    case "attention": AttentionBenchmark.Run(); break;
    case "recompute": TrainingBenchmark.Recompute(demo); break;
    case "step": TrainingBenchmark.Profile(demo); break;
    case "batching": GenerationBenchmark.Batching(demo); break;
    case "decoding": GenerationBenchmark.Decoding(demo); break;
    case "order": GenerationBenchmark.Order(demo); break;
    case "sleb": SlebBenchmark.Run(demo, args.ElementAtOrDefault(1) is { } rounds ? int.Parse(rounds) : 2); break;
    case "table": TableBenchmark.Run(); break;
    case "layer":
        LayerBenchmark.Run(args.ElementAtOrDefault(1) ?? "4b",
            [TorchSharp.torch.ScalarType.BFloat16, TorchSharp.torch.ScalarType.Float32], [512, 2048]);
        break;
    case "device" when args is [_, var folder, .. var more]:
        using (var output = Value(more, "--out") is { } path ? new StreamWriter(path) { AutoFlush = true } : Console.Out)
            DeviceBenchmark.Run(folder, Value(more, "--device") ?? "auto", Value(more, "--type") ?? "auto",
                Value(more, "--threads") is { } threads ? int.Parse(threads) : null,
                more.Contains("--brief") ? DeviceBenchmark.Amount.Brief : DeviceBenchmark.Amount.Full, output);
        break;
    case "fabricate" when args is [_, var folder, "--like", var shape, .. var more]:
        Fabricate.Run(folder, shape, Value(more, "--layers") is { } layers ? int.Parse(layers) : null,
            Value(more, "--tokenizer") ?? Path.Combine(demo, "model"));
        break;
    default:
        Console.Error.WriteLine("usage: Interlace.Bench attention | layer [4b|8b] | recompute | step | batching | decoding | order\n"
            + "         | sleb [ROUNDS] | table\n"
            + "       Interlace.Bench device MODEL [--device cpu|cuda] [--type fp32|bf16] [--threads N] [--brief] [--out FILE]\n"
            + "       Interlace.Bench fabricate FOLDER --like 4b|8b [--layers N] [--tokenizer MODEL]");
        return 2;
}
return 0;

static string? Value(string[] options, string name) =>
    Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? options[at + 1] : null;

