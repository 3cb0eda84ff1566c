using System.Buffers.Binary;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>
/// Blocks of 256 numbers, cut into smaller ones whose scales are integers themselves, with one half-precision scale for all of them.
/// </summary>
internal static class SuperBlocks
{
    private const int Values = 256;

    /// <summary>
    /// d s q - dmin m: eight runs of 32 numbers, each with a six-bit scale s and a six-bit m. From d, dmin, 12 bytes of scales and
    /// 128 bytes of q, of which 32 at a time hold one run in their low halves and the next in their high halves.
    /// </summary>
    public static void Q4_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        const int run = 32;
        for (; values.Length > 0; blocks = blocks[144..], values = values[Values..])
        {
            float d = Half(blocks), dmin = Half(blocks[2..]);
            var scales = blocks.Slice(4, 12);
            for (int j = 0; j < Values / run; j++)
            {
                var (s, m) = ScaleAndLeast(scales, j);
                float scale = d * s, least = dmin * m;
                var packed = blocks.Slice(16 + j / 2 * run, run);
                int shift = j % 2 * 4;
                for (int k = 0; k < run; k++) values[j * run + k] = scale * (packed[k] >> shift & 15) - least;
            }
        }
    }

    /// <summary>
    /// d s (q - 32): sixteen runs of 16 numbers, each with a signed scale s. From 128 bytes with the low four bits of q, 64 with the
    /// high two, 16 scales and d. In either half of the block, 32 numbers at a time take the low halves of the first and the second
    /// 32 bytes, then their high halves, and their high bits from one pair of bits of 32 bytes.
    /// </summary>
    public static void Q6_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        const int half = 128, group = 32;
        for (; values.Length > 0; blocks = blocks[210..], values = values[Values..])
        {
            float d = Half(blocks[208..]);
            for (int i = 0; i < Values; i++)
            {
                int part = i / half, g = i % half / group, k = i % group;
                int low = blocks[64 * part + group * (g % 2) + k] >> (g / 2 * 4) & 15;
                int high = blocks[128 + group * part + k] >> (2 * g) & 3;
                float scale = d * (sbyte)blocks[192 + i / 16];
                values[i] = scale * ((low | high << 4) - 32);
            }
        }
    }

    /// <summary>
    /// The two six-bit numbers of run j. Those of the first four runs are the low six bits of bytes j and j + 4; of the other four the low
    /// four bits lie in the halves of byte j + 4, and the high two bits on top of bytes j - 4 and j.
    /// </summary>
    private static (int Scale, int Least) ScaleAndLeast(ReadOnlySpan<byte> packed, int j) => j < 4
        ? (packed[j] & 63, packed[j + 4] & 63)
        : (packed[j + 4] & 15 | packed[j - 4] >> 6 << 4, packed[j + 4] >> 4 | packed[j] >> 6 << 4);

    private static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
}
