using System.Buffers.Binary;

namespace Interlace.Fuzz.Mutations;

/// <summary>GGUF files: counts, lengths, types, sizes and places in the header, names of keys and tensors,
/// values that are no numbers.</summary>
internal static class Gguf
{
    private static readonly ulong[] Numbers =
        [0, 1, 2, 3, 4, 8, 9, 10, 31, 32, 33, 64, 255, 256, 4096, 65_536, int.MaxValue, uint.MaxValue, long.MaxValue, ulong.MaxValue];

    public static byte[] Mutate(byte[] source, Dice dice)
    {
        // The last tensor's entry ends the header.
        int end = Math.Min(source.Length, source.AsSpan().LastIndexOf("output_norm.weight"u8) + 64);
        if (end < 128) return Bytes.Mutate(source, dice);
        byte[] other = [.. source];
        switch (dice.Below(6))
        {
            case 0:   // version, counts, the first key's length
                BinaryPrimitives.WriteUInt64LittleEndian(other.AsSpan(dice.Of<int>([4, 8, 16, 24])), dice.Of<ulong>(Numbers));
                return other;
            case 1:   // keys
                BinaryPrimitives.WriteUInt64LittleEndian(other.AsSpan(24 + dice.Below(1000)), dice.Of<ulong>(Numbers));
                return other;
            case 2:   // entries of tensors
                BinaryPrimitives.WriteUInt64LittleEndian(other.AsSpan(end - 8 - dice.Below(Math.Min(1500, end - 40))),
                    dice.Of<ulong>(Numbers));
                return other;
            case 3:   // a name
                int at = source.AsSpan(0, end).IndexOf(dice.Of<byte[]>(
                    [[.. "llama."u8], [.. "tokenizer."u8], [.. "blk.1."u8], [.. "weight"u8], [.. "attn_"u8],
                     [.. "general."u8], [.. "gpt2"u8], [.. "smollm"u8]]));
                if (at >= 0) other[at + dice.Below(4)] = (byte)dice.Below(256);
                return other;
            case 4 when source.Length > end + 64:   // values
                dice.Of<byte[]>([[0, 0, 0xC0, 0x7F], [0x80, 0x7F, 0x80, 0x7F], [0xFF, 0xFF, 0x7F, 0x7F]])
                    .CopyTo(other, end + 32 + dice.Below(source.Length - end - 40) / 4 * 4);
                return other;
            default:
                return [.. Bytes.Mutate(source[..end], dice), .. source[end..]];
        }
    }
}
