using System.Buffers.Binary;
using System.Text;

namespace Interlace.Fuzz.Mutations;

/// <summary>
/// Images: sizes and kinds in their headers (with the right checksum, else no decoder looks further), chunks out of place, damaged data.
/// </summary>
internal static class Images
{
    private static readonly uint[] Sizes = [0, 1, 2, 65_535, 65_536, 100_000, int.MaxValue, uint.MaxValue];

    public static byte[] Mutate(byte[] source, Dice dice) => dice.OneIn(3) ? Bytes.Mutate(source, dice) : source switch
    {
        [0x89, (byte)'P', ..] => Png(source, dice),
        [0xFF, 0xD8, ..] => Jpeg(source, dice),
        [(byte)'R', (byte)'I', ..] => WebP(source, dice),
        _ => Bytes.Mutate(source, dice),
    };

    private static byte[] Png(byte[] source, Dice dice)
    {
        var chunks = new List<(string Type, byte[] Data)>();
        for (int at = 8; at + 12 <= source.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(source.AsSpan(at));
            if (length < 0 || length > source.Length - at - 12) break;
            chunks.Add((Encoding.Latin1.GetString(source, at + 4, 4), source[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }
        if (chunks.Count == 0) return Bytes.Mutate(source, dice);
        int i = dice.Below(chunks.Count);
        var (type, data) = chunks[i];
        switch (dice.Below(6))
        {
            case 0 when chunks[0].Data.Length >= 13: BinaryPrimitives.WriteUInt32BigEndian(chunks[0].Data.AsSpan(dice.Of([0, 4])),
                dice.Of(Sizes)); break;
            case 1 when chunks[0].Data.Length >= 13: chunks[0].Data[8 + dice.Below(5)] =
                dice.Of<byte>([0, 1, 2, 3, 4, 6, 8, 16, dice.Byte()]); break;
            case 2: chunks.RemoveAt(i); break;
            case 3: chunks.Insert(dice.Below(chunks.Count), (type, data)); break;
            case 4: chunks.Insert(1, (dice.Of(["eXIf", "tRNS", "PLTE", "iCCP", "acTL", "IDAT", "gAMA"]), Bytes.Mutate(data, dice))); break;
            default: chunks[i] = (type, Bytes.Mutate(data, dice)); break;
        }
        return [.. source[..8], .. chunks.SelectMany(chunk => Chunk(chunk.Type, chunk.Data))];
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] chunk = [.. new byte[4], .. Encoding.Latin1.GetBytes(type), .. data, .. new byte[4]];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Checksum(chunk.AsSpan(4, data.Length + 4)));
        return chunk;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ crc >> 1 : crc >> 1;
        }
        return ~crc;
    }

    private static byte[] Jpeg(byte[] source, Dice dice)
    {
        byte[] copy = [.. source];
        int frame = Enumerable.Range(0, Math.Max(0, copy.Length - 9))
            .FirstOrDefault(at => copy[at] == 0xFF && copy[at + 1] is 0xC0 or 0xC2, -1);
        if (frame < 0 || dice.OneIn(2)) return Bytes.Mutate(source, dice);
        if (dice.OneIn(3)) copy[frame + 4 + dice.Below(12) % (copy.Length - frame - 4)] = dice.Byte();
        else BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(frame + dice.Of([5, 7])), (ushort)dice.Of(Sizes));
        return copy;
    }

    private static byte[] WebP(byte[] source, Dice dice)
    {
        byte[] copy = [.. source];
        copy[dice.Of([4, 5, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]) % copy.Length] = dice.Of<byte>([0, 0xFF, 0x3F, dice.Byte()]);
        return copy;
    }
}
