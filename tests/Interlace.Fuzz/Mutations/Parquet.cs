using System.Buffers.Binary;

namespace Interlace.Fuzz.Mutations;

/// <summary>
/// Parquet: mostly its footer and the headers of its pages, which hold the counts and lengths that a reader allocates by.
/// </summary>
internal static class Parquet
{
    public static byte[] Mutate(byte[] source, Dice dice)
    {
        if (source.Length < 12 || BinaryPrimitives.ReadInt32LittleEndian(source.AsSpan(source.Length - 8)) is not (> 20 and var footer)
            || footer > source.Length - 12)
            return Bytes.Mutate(source, dice);
        int start = source.Length - 8 - footer;
        byte[] copy = [.. source];
        switch (dice.Below(7))
        {
            case 0:
                BinaryPrimitives.WriteInt32LittleEndian(copy.AsSpan(copy.Length - 8),
                    dice.Of([0, 1, -1, footer - 1, footer + 1, int.MaxValue, int.MinValue, source.Length]));
                return copy;
            case 1: return Bytes.Mutate(source, dice);
            case 2:   // the first bytes of a column's pages
                copy[4 + dice.Below(60)] = dice.Byte();
                return copy;
            case 3:   // a variable-length number of the footer that ends elsewhere, or nowhere
                int at = start + dice.Below(footer - 10);
                dice.Of<byte[]>([[0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                    [0x80, 0x80, 0x80, 0x80], [0xFF]]).CopyTo(copy, at);
                return copy;
            case 4: return WithFooter(source, start, Bytes.Mutate(source[start..(source.Length - 8)], dice));
            default:
                copy[start + dice.Below(footer)] = dice.Of<byte>([dice.Byte(), 0, 0xFF, 0x7F, 0x15, 0x16, 0x19]);
                return copy;
        }
    }

    private static byte[] WithFooter(byte[] source, int start, byte[] footer)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Length);
        return [.. source[..start], .. footer, .. length, .. source[^4..]];
    }
}
