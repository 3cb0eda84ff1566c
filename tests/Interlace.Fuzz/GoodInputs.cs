using System.IO.Compression;
using Interlace.Cli;
using Interlace.Pruning;
using Interlace.Tests.Importing;
using Interlace.Vlm.Checkpoints;
using SkiaSharp;

namespace Interlace.Fuzz;

/// <summary>A folder with one good file of every kind, made by the program itself from the demo's model in some ten seconds.</summary>
internal static class GoodInputs
{
    /// <summary>Settings under which a calibration, a tuning and an evaluation take a moment.</summary>
    public const string Sample = "--rate 0.02 --set calibrate.fraction=1 --set calibrate.batch_tokens=64",
        Tuning = "--rate 0.02 --max-steps 3 --set finetune.samples_per_step=2 --set finetune.save_every=1",
        Answers = "--set evaluate.max_new_tokens=1";

    /// <summary>Makes the folder's files; the current folder is left as it was.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="demo">The demo's folder in the repository.</param>
    public static void Make(string folder, string demo)
    {
        string back = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder;
        Copy(Path.Combine(demo, "model"), "model");
        Directory.CreateDirectory("data/set");
        File.Copy(Path.Combine(demo, "finevision", "words", "train-00000-of-00001.parquet"), "data/set/train.parquet");
        Draw();
        Directory.CreateDirectory("tables");
        string image = Convert.ToBase64String(File.ReadAllBytes("image.png"));
        File.WriteAllText("tables/benchmarks.json", """{"benchmarks": [{"name": "Small", "file": "Small.tsv", "kind": "yes-no", "group": "GVQA"}]}""");
        File.WriteAllText("tables/Small.tsv",
            "index\timage\tquestion\tanswer\tcategory\n" + $"0\t{image}\tIs it \"red\"?\tYes\ta\n1\t0\tIs it a cat?\tNo\tb\n2\t{image}\t\"Is it\tone?\"\tYes\ta\n");
        File.WriteAllText("mine.tsv", "index\tprediction\n0\tYes\n1\t\"No, it is not\"\n2\tyes\n");
        File.WriteAllText("mine.jsonl",
            "{\"index\": 0, \"question\": \"Which?\", \"A\": \"a cat\", \"B\": \"a dog\", \"answer\": \"A\", \"prediction\": \"A\"}\n{\"index\": 1, \"question\": \"Which?\", \"A\": \"1\", \"B\": \"2\", \"answer\": \"B\", \"prediction\": \"It is 2\"}\n");
        string[] texts = [.. Enumerable.Range(0, 3).Select(i => $"{{\"text\": \"Text {i}: a red dog.\", \"from\": \"here\"}}")];
        File.WriteAllText("texts.jsonl", string.Join('\n', texts));
        using (var packed = new GZipStream(File.Create("packed.jsonl.gz"), CompressionLevel.Fastest))
            packed.Write(File.ReadAllBytes("texts.jsonl"));
        File.WriteAllText("choices.jsonl", string.Concat(Enumerable.Range(0, 2).Select(i =>
            $"{{\"context\": \"A dog\", \"choices\": [\"is red\", \"{i}\"], \"answer\": {i}}}\n")));
        File.WriteAllText("messages.json", """{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "image", "image": "image.png"}, {"type": "text", "text": "What is this?"}]}, {"role": "assistant", "content": "A cat."}]}""");
        File.WriteAllText("experiment.json", """
            {"name": "x", "model": "model", "seed": 1, "dtype": "fp32", "device": "cpu", "data": {"path": "data", "rate": 0.02, "max_images": 3}, "calibrate": {"fraction": 1, "batch_tokens": 4096},
             "plan": {"method": "interlace", "ratio": 0.25}, "finetune": {"learning_rate": 0.003, "samples_per_step": 2}, "evaluate": {"benchmarks": "tables", "max_new_tokens": 1},
             "variants": [{"method": "interlace", "ratio": 0.1}, {"method": "random", "seed": 1}]}
            """);
        PlanFile.Save(PruningPlan.Create(16, drop: [5, 8], tune: [4, 9]), "plan.json");
        Shard("model", "sharded");
        TinyGguf.Create().Save("tiny.gguf");
        GoodModels.Make("model");
        const string cpu = "--device cpu --dtype fp32";
        Done($"calibrate model --data data --out run {Sample} --evidence sleb,magnitude-block --set calibrate.sleb_ratio=0.1 --set calibrate.evidence_samples=2 {cpu}");
        Done("sample data --rate 0.02 --out sampled");
        Done("prune model --plan plan.json --out shorter");
        Done($"finetune shorter --data data --out recovered {Tuning} {cpu}");
        Done($"evaluate model --benchmarks tables --out evaluated {Answers} {cpu}");
        Done($"evaluate shorter --benchmarks tables --out again {Answers} {cpu}");
        Done($"evaluate model --texts texts.jsonl --choices choices.jsonl --out likely {cpu}");
        Done($"evaluate shorter --texts texts.jsonl --choices choices.jsonl --out likelier {cpu}");
        File.WriteAllText("judge.jsonl",
            string.Concat(Enumerable.Range(0, 2)
            .Select(i => $"{{\"model\": \"judge\", \"sha256\": \"{new string((char)('a' + i), 64)}\", \"attempt\": 0, \"temperature\": 0, \"reply\": \"Yes\"}}\n")));
        Begin($"calibrate model --data data --out begun {Sample} {cpu}", "begun/similarity.state.safetensors");
        Begin($"finetune shorter --data data --out tuned {Tuning} {cpu}", "tuned.training/state.safetensors");
        Environment.CurrentDirectory = back;
    }

    /// <summary>A folder with everything in it, at another place.</summary>
    public static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        foreach (string inner in Directory.EnumerateDirectories(source)) Copy(inner, Path.Combine(target, Path.GetFileName(inner)));
    }

    private static void Done(string line)
    {
        var error = new StringWriter();
        if (CommandLine.Run(Worker.Arguments(line), new Terminal(TextWriter.Null, error), default) != 0)
            throw new InvalidOperationException($"{line} failed: {error}");
    }

    /// <summary>A command that is interrupted when it first tells of its progress.</summary>
    private static void Begin(string line, string state)
    {
        using var ending = new CancellationTokenSource();
        using var drawn = new Interrupting(ending, line.Split(' ')[0]);
        // not quiet
        CommandLine.Run([.. Worker.Arguments(line).SkipLast(1)], new Terminal(TextWriter.Null, drawn, ErrorIsTerminal: true), ending.Token);
        if (!File.Exists(state)) throw new InvalidOperationException($"{line} left no {state}: {drawn}");
    }

    /// <summary>What is drawn on a terminal; the first line about a stage ends its command.</summary>
    private sealed class Interrupting(CancellationTokenSource ending, string stage) : StringWriter
    {
        public override void Write(string? value)
        {
            base.Write(value);
            if (value?.Contains(stage, StringComparison.Ordinal) == true) ending.Cancel();
        }
    }

    private static void Shard(string model, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(model).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        using var checkpoint = Checkpoint.Open(model);
        TensorSource[] tensors = [.. checkpoint.Files.SelectMany(file =>
            file.Tensors.Select(tensor => TensorSource.FromFile(Path.Combine(model, Checkpoint.SingleName), tensor, tensor.Name)))];
        CheckpointWriter.Write(target, tensors.Chunk(tensors.Length / 3 + 1));
    }

    private static void Draw()
    {
        using var bitmap = new SKBitmap(64, 64, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int i = 0; i < 64 * 64; i++) bitmap.SetPixel(i % 64, i / 64, new((byte)(i * 5), (byte)(i / 9), (byte)(i * i)));
        foreach (var (name, format) in new[] { ("image.png", SKEncodedImageFormat.Png), ("image.jpg", SKEncodedImageFormat.Jpeg),
            ("image.webp", SKEncodedImageFormat.Webp) })
            using (var data = bitmap.Encode(format, 80)) File.WriteAllBytes(name, data.ToArray());
    }
}
