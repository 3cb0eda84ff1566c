using Interlace.Ranks;

namespace Interlace.Training;

/// <summary>Samples that turned out to be of no use, by index, with the reason.</summary>
internal static class FailingSamples
{
    /// <summary>Those of all ranks, on each of them.</summary>
    public static IReadOnlyDictionary<long, string> Together(ICollective ranks, IReadOnlyDictionary<long, string> own)
    {
        var all = new Dictionary<long, string>();
        foreach (byte[] part in ranks.Gather(ToBytes(own)))
            foreach (var (index, reason) in Of(part)) all[index] = reason;
        return Of(ranks.Broadcast(ToBytes(all)));
    }

    private static byte[] ToBytes(IReadOnlyDictionary<long, string> samples)
    {
        if (samples.Count == 0) return [];
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes))
            foreach (var (index, reason) in samples)
            {
                writer.Write(index);
                writer.Write(reason);
            }
        return bytes.ToArray();
    }

    private static Dictionary<long, string> Of(byte[] bytes)
    {
        Dictionary<long, string> samples = [];
        using var reader = new BinaryReader(new MemoryStream(bytes));
        while (reader.BaseStream.Position < bytes.Length) samples.Add(reader.ReadInt64(), reader.ReadString());
        return samples;
    }
}
