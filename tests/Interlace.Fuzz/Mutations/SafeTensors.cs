using System.Buffers.Binary;

namespace Interlace.Fuzz.Mutations;

/// <summary>Weights: the header's JSON, its length, or values that are no numbers.</summary>
internal static class SafeTensors
{
    public static byte[] Mutate(byte[] source, Dice dice)
    {
        if (source.Length < 8 || BinaryPrimitives.ReadInt64LittleEndian(source) is not (>= 0 and var length) || length > source.Length - 8)
            return Bytes.Mutate(source, dice);
        int end = 8 + (int)length;
        switch (dice.Below(6))
        {
            case 0:
                byte[] other = [.. source];
                BinaryPrimitives.WriteInt64LittleEndian(other,
                    dice.Of<long>([0, 1, 2, length - 1, length + 1, -1, long.MaxValue, long.MinValue, source.Length - 8, source.Length,
                    100_000_000, 100_000_001]));
                return other;
            case 1 when end < source.Length - 4:
                byte[] values = [.. source];
                dice.Of<byte[]>([[0, 0, 0xC0, 0x7F], [0x80, 0x7F, 0x80, 0x7F], [0x80, 0xFF, 0x80, 0xFF], [0xFF, 0xFF, 0x7F, 0x7F]])
                    .CopyTo(values, end + dice.Below(source.Length - end - 4) / 4 * 4);
                return values;
            case 2: return [.. source[..end], .. Bytes.Mutate(source[end..], dice)];
            default:
                byte[] header = Json.Mutate(source[8..end], dice), count = new byte[8];
                if (!dice.OneIn(4)) header = [.. header, .. Enumerable.Repeat((byte)' ', (8 - header.Length % 8) % 8)];
                BinaryPrimitives.WriteInt64LittleEndian(count, header.Length);
                return [.. count, .. header, .. source[end..]];
        }
    }
}
