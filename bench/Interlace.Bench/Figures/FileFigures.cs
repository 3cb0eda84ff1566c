using Interlace.Data;
using Interlace.Experiments;
using Interlace.Tests.Data;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using ParquetSharp;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>What goes over the disk: pruning, opening a model, and a hundredth of a data set.</summary>
internal static class FileFigures
{
    private const int Rounds = 3;

    /// <summary>Pruning a folder against copying the bytes that it keeps, both cold and flushed to the disk; and its memory.</summary>
    /// <param name="model">A model folder of at least 16 layers.</param>
    public static IEnumerable<Figure> Prune(string model)
    {
        string scratch = Files.Scratch(beside: model), pruned = Path.Combine(scratch, "pruned"), copy = Path.Combine(scratch, "copy");
        try
        {
            string plan = Path.Combine(scratch, "plan.json");
            var (layers, dropped) = QuarterPlan.Write(model, plan);
            var (prunes, copies, peaks) = (new List<double>(), new List<double>(), new List<double>());
            for (int round = 0; round < Rounds; round++)
            {
                Files.Forget(model);
                var taken = Processes.Interlace("prune", model, "--plan", plan, "--out", pruned);
                prunes.Add(taken.Seconds + Turns.Seconds(() => Files.Forget(pruned)));
                peaks.Add(taken.Peak);
                // Not of what was just written, which may lie in the memory of the machine below this one.
                Files.Forget(model);
                copies.Add((double)Files.Bytes(pruned) / Files.Bytes(model) * Turns.Seconds(() =>
                {
                    Processes.Run("cp", "-r", model, copy);
                    Files.Forget(copy);
                }));
                Directory.Delete(pruned, recursive: true);
                Directory.Delete(copy, recursive: true);
            }
            string what = $"prune, {dropped} of {layers} layers, {Turns.Size(Files.Bytes(model))}";
            yield return Figure.Of($"{what}, cold, flushed", "<= 1.15", ("prune", prunes), ("cp, its share of the bytes", copies),
                Turns.Time);
            yield return Figure.Of($"{what}: memory", "< 200 MB", ("prune", peaks), ("200 MB", [.. peaks.Select(_ => 200e6)]), Turns.Size);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>From opening a folder to what its first layer gives for a short text, cold, against reading those weights alone.</summary>
    public static IEnumerable<Figure> Open(string model)
    {
        var (opens, reads) = (new List<double>(), new List<double>());
        for (int round = 0; round < Rounds; round++)
        {
            Files.Forget(model);
            long bytes = 0;
            opens.Add(Turns.Seconds(() => bytes = FirstLayer(model)));
            Files.Forget(model);
            string file = Directory.EnumerateFiles(model, "*.safetensors").Order(StringComparer.Ordinal).First();
            reads.Add(Turns.Seconds(() => ReadFirst(file, bytes)));
        }
        yield return Figure.Of($"opening {Turns.Size(Files.Bytes(model))}, cold, to the first layer's output", "< 2 s + disk",
            ("opened", opens), ("the layer's bytes read", reads), Turns.Time);
    }

    /// <summary>A hundredth of rows as FineVision's: bytes read against bytes of the drawn rows.</summary>
    public static IEnumerable<Figure> Sample()
    {
        const int rows = 4000, imageBytes = 200_000;
        string folder = Files.Scratch();
        try
        {
            var random = new Random(0);
            var written = Enumerable.Range(0, rows).Select(_ =>
            {
                byte[] image = new byte[random.Next(imageBytes / 4, imageBytes * 7 / 4)];
                random.NextBytes(image);
                return new TestRow([image], [("What is this?", "A picture of nothing.")]);
            }).ToArray();
            foreach (var (layout, pageBytes, aim) in new[]
                { ("a page a row", 1 << 14, "<= 1.3"), ("pages of 1 MiB", 1 << 20, "(whole pages)") })
            {
                string set = Directory.CreateDirectory(Path.Combine(folder, layout, "set")).FullName;
                ParquetRows.Write(Path.Combine(set, "train-00000-of-00001.parquet"), written,
                    new Layout(Compression.Snappy, Dictionary: false, RowsPerGroup: 200, PageBytes: pageBytes));
                var data = DrawnData.Open(new DataOptions(Path.GetDirectoryName(set)!, Rate: 0.01), seed: 0);
                long before = BytesRead(), kept = 0;
                foreach (var sample in data.Read(data.Draw.Rows, [], data.Filter))
                    kept += sample.Images.Sum(image => (long)image.Length) + sample.Turns.Sum(turn => (long)turn.Text!.Length);
                yield return Figure.Of($"1 % of {rows} rows as FineVision's, {layout}", aim,
                    ("read", [BytesRead() - before]), ("rows", [kept]), Turns.Size);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long FirstLayer(string folder)
    {
        using var _ = no_grad();
        using var loaded = LoadedModel.Open(folder, CPU, ScalarType.BFloat16);
        using var batch = Batch.Pack([ShapedModel.Text(16)], CPU);
        var (x, pass) = loaded.Model.Embed(batch);
        using (pass)
        using (x)
            loaded.Model.Layers[0].Forward(x, pass, 0).Dispose();
        return loaded.Model.Layers[0].Linears.Sum(linear => linear.Weight.Value.numel() * linear.Weight.Value.ElementSize);
    }

    private static void ReadFirst(string path, long bytes)
    {
        using var file = File.OpenRead(path);
        byte[] buffer = new byte[4 << 20];
        for (long left = Math.Min(bytes, file.Length); left > 0; left -= buffer.Length)
            file.ReadExactly(buffer, 0, (int)Math.Min(left, buffer.Length));
    }

    private static long BytesRead() =>
        long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("rchar:", StringComparison.Ordinal))[6..]);
}
