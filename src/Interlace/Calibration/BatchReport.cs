using System.Runtime.InteropServices;
using Interlace.Data;
using Interlace.Ranks;

namespace Interlace.Calibration;

/// <summary>What a rank tells the leader of a batch.</summary>
/// <param name="Batch">Its sums; null where there is no such batch, or it could not be measured.</param>
/// <param name="Failing">Its samples that turned out to be of no use, by index, with the reason.</param>
/// <param name="Skipped">Where there is no such batch: what was left out in all.</param>
/// <param name="Filtered">Where it ends a block, or there is no such batch: what the filter ruled out up to there.</param>
internal sealed record BatchReport(MeasuredBatch? Batch, IReadOnlyDictionary<long, string> Failing, SkipCounts? Skipped,
    SkipCounts? Filtered)
{
    /// <summary>As a message.</summary>
    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes))
        {
            writer.Write(Batch is null ? Dealing.Last : Dealing.More);
            FailingSamples.Write(writer, Failing);
            Write(writer, Skipped);
            Write(writer, Filtered);
            if (Batch is not null) Write(writer, Batch);
        }
        return bytes.ToArray();
    }

    /// <summary>What <see cref="ToBytes"/> wrote on another rank.</summary>
    public static BatchReport Read(byte[] message)
    {
        using var reader = new BinaryReader(new MemoryStream(message));
        bool isLast = reader.ReadByte() == Dealing.Last;
        var failing = FailingSamples.Read(reader);
        var (skipped, filtered) = (ReadCounts(reader), ReadCounts(reader));
        return new(isLast ? null : ReadBatch(reader), failing, skipped, filtered);
    }

    private static void Write(BinaryWriter writer, MeasuredBatch batch)
    {
        writer.Write(batch.Next);
        Write(writer, batch.Skipped);
        writer.Write(batch.EndedBlock ?? -1);
        writer.Write(batch.Sums.Length);
        foreach (var sums in batch.Sums)
        {
            foreach (long count in sums.Counts) writer.Write(count);
            writer.Write(sums.Spans.Count);
            foreach (var (length, span) in sums.Spans)
            {
                writer.Write(length);
                Write(writer, span.Sums);
                Write(writer, span.Last);
            }
            var sinks = sums.Sinks!;
            foreach (double[] values in new[] { sinks.FirstCosine, sinks.FirstInputNorm, sinks.FirstOutputNorm, sinks.LargestNormRatio })
                Write(writer, values);
        }
    }

    private static MeasuredBatch ReadBatch(BinaryReader reader)
    {
        var (next, skipped, block) = (reader.ReadInt64(), ReadCounts(reader)!, reader.ReadInt32());
        var samples = new SampleSums[reader.ReadInt32()];
        for (int i = 0; i < samples.Length; i++)
        {
            long[] counts = new long[SimilarityMeter.Classes];
            for (int c = 0; c < counts.Length; c++) counts[c] = reader.ReadInt64();
            Dictionary<int, (double[], double[])> spans = [];
            for (int left = reader.ReadInt32(); left > 0; left--) spans.Add(reader.ReadInt32(), (ReadNumbers(reader), ReadNumbers(reader)));
            samples[i] = new(counts, spans, new(ReadNumbers(reader), ReadNumbers(reader), ReadNumbers(reader), ReadNumbers(reader)));
        }
        return new(samples, next, skipped, block < 0 ? null : block);
    }

    private static void Write(BinaryWriter writer, SkipCounts? counts) => writer.Write(counts?.ToJson() ?? "");

    private static SkipCounts? ReadCounts(BinaryReader reader) =>
        reader.ReadString() is { Length: > 0 } json ? SkipCounts.Parse(json) : null;

    private static void Write(BinaryWriter writer, double[] values)
    {
        writer.Write(values.Length);
        writer.Write(MemoryMarshal.AsBytes<double>(values));
    }

    private static double[] ReadNumbers(BinaryReader reader)
    {
        double[] values = new double[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
