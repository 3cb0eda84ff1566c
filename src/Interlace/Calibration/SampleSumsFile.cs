using System.Runtime.InteropServices;
using Interlace.Outputs;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Calibration;

/// <summary>
/// Sums per sample in a safetensors file: <c>counts</c> [S, 3], and per span length n <c>span.n.sums</c> [S, starts, 3] and <c>span.n.last</c> [S, starts], fp64,
/// classes in the order image, prompt, answer. A calibration under way keeps its state in one too.
/// </summary>
internal static class SampleSumsFile
{
    /// <summary>Of an adaptive calibration: samples there were at each check, separated by commas.</summary>
    public const string Checks = "checks";

    /// <summary>Of an adaptive calibration: rows that were drawn for it.</summary>
    public const string Drawn = "drawn";

    /// <summary>Whole numbers separated by commas in the metadata; none where they are absent.</summary>
    public static IEnumerable<int> Counts(IReadOnlyDictionary<string, string> metadata, string name) =>
        metadata.GetValueOrDefault(name, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);

    public static void Write(string path, IReadOnlyList<SampleSums> samples, IReadOnlyList<int> spans, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var tensors = new List<TensorSource> { Source("counts", ElementType.I64, [samples.Count, SimilarityMeter.Classes], MemoryMarshal.AsBytes<long>(samples.SelectMany(s => s.Counts).ToArray())) };
        foreach (int span in spans)
        {
            int starts = samples.Count == 0 ? 0 : samples[0].Spans[span].Last.Length;
            tensors.Add(Source($"span.{span}.sums", ElementType.F64, [samples.Count, starts, SimilarityMeter.Classes], MemoryMarshal.AsBytes<double>(samples.SelectMany(s => s.Spans[span].Sums).ToArray())));
            tensors.Add(Source($"span.{span}.last", ElementType.F64, [samples.Count, starts], MemoryMarshal.AsBytes<double>(samples.SelectMany(s => s.Spans[span].Last).ToArray())));
        }
        string beside = path + ".partial";
        SafeTensorsWriter.Write(beside, tensors, metadata);
        Durable.FlushFile(beside);
        File.Move(beside, path, overwrite: true);
    }

    public static (List<SampleSums> Samples, IReadOnlyDictionary<string, string> Metadata) Read(string path, IReadOnlyList<int> spans)
    {
        using var file = SafeTensorsFile.Open(path);
        TensorEntry Entry(string name) => file.Tensors.FirstOrDefault(t => t.Name == name) ?? throw new Vlm.InputException($"{path} lacks {name}: delete it and calibrate again.");
        T[] Values<T>(string name) where T : struct => MemoryMarshal.Cast<byte, T>(file.Bytes(Entry(name))).ToArray();
        long[] counts = Values<long>("counts");
        var tables = spans.ToDictionary(span => span, span => (Sums: Values<double>($"span.{span}.sums"), Last: Values<double>($"span.{span}.last")));
        var samples = new List<SampleSums>();
        for (int s = 0; s < counts.Length / SimilarityMeter.Classes; s++)
        {
            T[] Row<T>(T[] table, int rows) => table[(s * (table.Length / rows))..((s + 1) * (table.Length / rows))];
            int rows = counts.Length / SimilarityMeter.Classes;
            samples.Add(new(Row(counts, rows), spans.ToDictionary(span => span, span => (Row(tables[span].Sums, rows), Row(tables[span].Last, rows)))));
        }
        return (samples, file.Metadata);
    }

    private static TensorSource Source(string name, ElementType type, long[] shape, ReadOnlySpan<byte> bytes) => TensorSource.FromBytes(name, type, shape, bytes.ToArray());
}
