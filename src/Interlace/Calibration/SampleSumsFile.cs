using System.Runtime.InteropServices;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Calibration;

/// <summary>
/// Sums per sample in a safetensors file: <c>counts</c> [S, 3], and per span length n <c>span.n.sums</c> [S, starts,
/// 3] and <c>span.n.last</c> [S, starts], fp64,
/// classes in the order image, prompt, answer; <c>sinks.*</c> [S, L] are the members of each sample's
/// <see cref="SinkProfile"/>. A calibration under way keeps its state in one too.
/// </summary>
internal static class SampleSumsFile
{
    /// <summary>Of an adaptive calibration: samples there were at each check, separated by commas.</summary>
    public const string Checks = "checks";

    /// <summary>Of an adaptive calibration: rows that were drawn for it.</summary>
    public const string Drawn = "drawn";

    private static readonly (string Name, Func<SinkProfile, double[]> Values)[] SinkTables =
    [
        ("sinks.first_cosine", sinks => sinks.FirstCosine), ("sinks.first_input_norm", sinks => sinks.FirstInputNorm),
        ("sinks.first_output_norm", sinks => sinks.FirstOutputNorm), ("sinks.largest_norm_ratio", sinks => sinks.LargestNormRatio),
    ];

    public static void Write(string path, IReadOnlyList<SampleSums> samples, IReadOnlyList<int> spans, IReadOnlyDictionary<string,
        string>? metadata = null)
    {
        var tensors = new List<TensorSource> { Source("counts", ElementType.I64, [samples.Count, SimilarityMeter.Classes],
            MemoryMarshal.AsBytes<long>(samples.SelectMany(s => s.Counts).ToArray())) };
        foreach (int span in spans)
        {
            int starts = samples.Count == 0 ? 0 : samples[0].Spans[span].Last.Length;
            tensors.Add(Source($"span.{span}.sums", ElementType.F64, [samples.Count, starts, SimilarityMeter.Classes],
                MemoryMarshal.AsBytes<double>(samples.SelectMany(s => s.Spans[span].Sums).ToArray())));
            tensors.Add(Source($"span.{span}.last", ElementType.F64, [samples.Count, starts],
                MemoryMarshal.AsBytes<double>(samples.SelectMany(s => s.Spans[span].Last).ToArray())));
        }
        if (samples.Count > 0 && samples.All(sample => sample.Sinks is not null))
        {
            long layers = samples[0].Sinks!.FirstCosine.Length;
            tensors.AddRange(SinkTables.Select(table => Source(table.Name, ElementType.F64, [samples.Count, layers],
                MemoryMarshal.AsBytes<double>(samples.SelectMany(s => table.Values(s.Sinks!)).ToArray()))));
        }
        string beside = path + ".partial";
        SafeTensorsWriter.Write(beside, tensors, metadata);
        Durable.FlushFile(beside);
        File.Move(beside, path, overwrite: true);
    }

    public static (List<SampleSums> Samples, IReadOnlyDictionary<string, string> Metadata) Read(string path, IReadOnlyList<int> spans)
    {
        using var file = SafeTensorsFile.Open(path);
        TensorEntry Entry(string name) => file.Tensors.FirstOrDefault(t => t.Name == name) ?? throw Damaged($"it lacks {name}");
        T[] Values<T>(string name, ElementType type, params long[] shape) where T : struct =>
            Entry(name) is var entry && entry.Type == type && entry.Shape.AsSpan().SequenceEqual(shape) && entry.Bytes <= int.MaxValue
                ? MemoryMarshal.Cast<byte, T>(file.Bytes(entry)).ToArray()
                : throw Damaged($"{name} is {entry.Type} [{string.Join(", ", entry.Shape)}], expected {type} [{string.Join(", ", shape)}]");
        InputException Damaged(string fault) => new($"{path} is damaged: {fault}; delete it and calibrate again.");

        int rows = Entry("counts").Shape is [>= 0 and < int.MaxValue and var found, _]
            ? (int)found : throw Damaged("its counts are no table");
        long[] counts = Values<long>("counts", ElementType.I64, rows, SimilarityMeter.Classes);
        if (counts.Any(count => count < 0)) throw Damaged("a number of tokens is negative");
        var tables = spans.ToDictionary(span => span, span =>
        {
            long starts = Entry($"span.{span}.last").Shape is [_, var length] ? length : -1;
            return (Sums: Values<double>($"span.{span}.sums", ElementType.F64, rows, starts, SimilarityMeter.Classes),
                Last: Values<double>($"span.{span}.last", ElementType.F64, rows, starts));
        });
        // a file of an earlier version has none
        bool hasSinks = rows > 0 && spans.Contains(1) && file.Tensors.Any(t => t.Name == SinkTables[0].Name);
        double[][] sinks = !hasSinks ? [] : [.. SinkTables.Select(table =>
            Values<double>(table.Name, ElementType.F64, rows, tables[1].Last.Length / rows))];
        var samples = new List<SampleSums>();
        for (int s = 0; s < rows; s++)
        {
            T[] Row<T>(T[] table) => table[(s * (table.Length / rows))..((s + 1) * (table.Length / rows))];
            samples.Add(new(Row(counts), spans.ToDictionary(span => span, span => (Row(tables[span].Sums), Row(tables[span].Last))),
                hasSinks ? new(Row(sinks[0]), Row(sinks[1]), Row(sinks[2]), Row(sinks[3])) : null));
        }
        return (samples, file.Metadata);
    }

    /// <summary>The sums per sample beside a calibration's artefact, and what is noted with them.</summary>
    /// <param name="path">The calibration's <c>similarity.json</c>.</param>
    /// <param name="similarity">What it holds.</param>
    /// <exception cref="InputException">The file is absent or another calibration's.</exception>
    public static (IReadOnlyList<SampleSums> Samples, IReadOnlyDictionary<string, string> Metadata) Beside(string path,
        LayerSimilarity similarity)
    {
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, LayerSimilarity.SamplesName);
        if (!File.Exists(beside))
            throw new InputException($"There is no {beside}: calibrate again, or bring the file that was made with {path}.");
        var (samples, metadata) = Read(beside, [.. similarity.Spans.Select(span => span.Length)]);
        bool belongs = samples.Count == similarity.Samples
            && LayerSimilarity.Classes.Index().All(c => samples.Sum(sample => sample.Counts[c.Index]) == similarity.Tokens[c.Item])
            && samples.TrueForAll(sample => similarity.Spans.All(span => sample.Spans[span.Length].Last.Length == span.Mean.Length));
        return belongs
            ? (samples, metadata)
            : throw new InputException($"{beside} belongs to another calibration than {path}: calibrate again.");
    }

    private static TensorSource Source(string name, ElementType type, long[] shape, ReadOnlySpan<byte> bytes) =>
        TensorSource.FromBytes(name, type, shape, bytes.ToArray());
}
