namespace Interlace.Fuzz.Mutations;

/// <summary>Damage that knows nothing of a format.</summary>
internal static class Bytes
{
    /// <summary>One change somewhere, or near the beginning or the end, where most formats keep what they hang on.</summary>
    public static byte[] Mutate(byte[] source, Dice dice)
    {
        if (source.Length == 0) return [dice.Byte()];
        int at = dice.Below(4) switch
        {
            0 => dice.Below(Math.Min(64, source.Length)),
            1 => source.Length - 1 - dice.Below(Math.Min(64, source.Length)),
            _ => dice.Below(source.Length),
        };
        int length = Math.Min(1 + dice.Below(dice.OneIn(3) ? 4096 : 8), source.Length - at);
        byte[] copy = [.. source];
        switch (dice.Below(9))
        {
            case 0: copy[at] ^= (byte)(1 << dice.Below(8)); return copy;
            case 1: copy[at] = dice.Byte(); return copy;
            case 2: copy.AsSpan(at, length).Fill(dice.Of<byte>([0, 0xFF, 0x7F, 0x80, 0x20])); return copy;
            case 3: return source[..at];
            case 4: return [.. source[..at], .. source[(at + length)..]];
            case 5: return [.. source[..(at + length)], .. source[at..]];
            case 6: return [.. source[..at], .. Enumerable.Range(0, 1 + dice.Below(16)).Select(_ => dice.Byte()), .. source[at..]];
            case 7:   // a number of four or eight bytes, as lengths and sizes are kept
                byte[] number = BitConverter.GetBytes(dice.Of<long>([0, 1, -1, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue,
                    long.MinValue, 1L << 33, source.Length, source.Length + 1]));
                number.AsSpan(0, Math.Min(dice.Of([4, 8]), copy.Length - at)).CopyTo(copy.AsSpan(at));
                return copy;
            default: return dice.OneIn(4) ? [] : [.. source, .. source[..length]];
        }
    }
}
