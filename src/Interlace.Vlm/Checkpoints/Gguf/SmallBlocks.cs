using System.Buffers.Binary;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>
/// Blocks of 32 numbers with one scale d, and a smallest value m in some. Of four-bit integers byte k holds number k in its low half and
/// number k + 16 in its high half; fifth bits lie apart, bit k for number k. Scales are half-precision numbers, widened before they are
/// used.
/// </summary>
internal static class SmallBlocks
{
    private const int Values = 32, Half = Values / 2;

    /// <summary>(q - 8) d, from d and 16 bytes.</summary>
    public static void Q4_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; values.Length > 0; blocks = blocks[18..], values = values[Values..])
        {
            float d = Scale(blocks);
            var packed = blocks.Slice(2, Half);
            for (int k = 0; k < Half; k++)
            {
                values[k] = ((packed[k] & 15) - 8) * d;
                values[k + Half] = ((packed[k] >> 4) - 8) * d;
            }
        }
    }

    /// <summary>q d + m, from d, m and 16 bytes.</summary>
    public static void Q4_1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; values.Length > 0; blocks = blocks[20..], values = values[Values..])
        {
            float d = Scale(blocks), m = Scale(blocks[2..]);
            var packed = blocks.Slice(4, Half);
            for (int k = 0; k < Half; k++)
            {
                values[k] = (packed[k] & 15) * d + m;
                values[k + Half] = (packed[k] >> 4) * d + m;
            }
        }
    }

    /// <summary>(q - 16) d, from d, 32 fifth bits and 16 bytes.</summary>
    public static void Q5_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; values.Length > 0; blocks = blocks[22..], values = values[Values..])
        {
            float d = Scale(blocks);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(blocks[2..]);
            var packed = blocks.Slice(6, Half);
            for (int k = 0; k < Half; k++)
            {
                values[k] = ((packed[k] & 15 | Fifth(fifth, k)) - 16) * d;
                values[k + Half] = ((packed[k] >> 4 | Fifth(fifth, k + Half)) - 16) * d;
            }
        }
    }

    /// <summary>q d + m, from d, m, 32 fifth bits and 16 bytes.</summary>
    public static void Q5_1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; values.Length > 0; blocks = blocks[24..], values = values[Values..])
        {
            float d = Scale(blocks), m = Scale(blocks[2..]);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(blocks[4..]);
            var packed = blocks.Slice(8, Half);
            for (int k = 0; k < Half; k++)
            {
                values[k] = (packed[k] & 15 | Fifth(fifth, k)) * d + m;
                values[k + Half] = (packed[k] >> 4 | Fifth(fifth, k + Half)) * d + m;
            }
        }
    }

    /// <summary>q d, from d and 32 signed bytes.</summary>
    public static void Q8_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; values.Length > 0; blocks = blocks[34..], values = values[Values..])
        {
            float d = Scale(blocks);
            for (int k = 0; k < Values; k++) values[k] = (sbyte)blocks[2 + k] * d;
        }
    }

    /// <summary>
    /// d is the largest magnitude / 127 and q the number / d, to nearest with halves away from zero. Both are computed in float32;
    /// d is rounded to half precision only where it is stored.
    /// </summary>
    public static void ToQ8_0(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (; values.Length > 0; blocks = blocks[34..], values = values[Values..])
        {
            float largest = 0;
            for (int k = 0; k < Values; k++) largest = Math.Max(largest, Math.Abs(values[k]));
            float d = largest / 127, inverse = d == 0 ? 0 : 1 / d;
            BinaryPrimitives.WriteHalfLittleEndian(blocks, (Half)d);
            for (int k = 0; k < Values; k++)
                blocks[2 + k] = (byte)(sbyte)MathF.Round(values[k] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    private static float Scale(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    private static int Fifth(uint bits, int k) => (int)(bits >> k & 1) << 4;
}
