using Interlace.Ranks;

namespace Interlace.Data;

/// <summary>Samples that turned out to be of no use, by index, with the reason, as ranks tell each other of them.</summary>
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

    /// <summary>Adds them to a message.</summary>
    public static void Write(BinaryWriter message, IReadOnlyDictionary<long, string> samples)
    {
        message.Write(samples.Count);
        foreach (var (index, reason) in samples)
        {
            message.Write(index);
            message.Write(reason);
        }
    }

    /// <summary>What <see cref="Write"/> wrote on another rank.</summary>
    public static Dictionary<long, string> Read(BinaryReader message)
    {
        Dictionary<long, string> samples = [];
        for (int left = message.ReadInt32(); left > 0; left--) samples.Add(message.ReadInt64(), message.ReadString());
        return samples;
    }

    private static byte[] ToBytes(IReadOnlyDictionary<long, string> samples)
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes)) Write(writer, samples);
        return bytes.ToArray();
    }

    private static Dictionary<long, string> Of(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        return Read(reader);
    }
}
