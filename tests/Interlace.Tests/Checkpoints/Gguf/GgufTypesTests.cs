using System.Security.Cryptography;
using Interlace.Tests.Importing;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Tests.Checkpoints.Gguf;

public sealed class GgufTypesTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    /// <summary>Three blocks of made-up bytes: SHA-256 of the float32 numbers that ggml 0.18 (commit c0c7e14 of llama.cpp) gives.</summary>
    [Theory]
    [InlineData("Q4_0", "dca196e5bb1cd18c198874839e02e942a424c506769c2296d75a525249810c37", 0)]
    [InlineData("Q4_1", "ab35f3d6ff18a04f6e8299edc0ae0fb3c14736eff2f1b074077d4cd47753d634", 0, 2)]
    [InlineData("Q5_0", "8ab16ccb1a231a9c7b637bf485c3feff357dcd2114b7f035d0c13c6d11f1e2c7", 0)]
    [InlineData("Q5_1", "73dacad3a1e283d44206d4fc3a14b69a848c0b837df6748e7ec3bc98f0b00a14", 0, 2)]
    [InlineData("Q8_0", "9252df86489fd9e07b426cfcd9580cc6adecdc29eddf49fe5fd363583e058ab9", 0)]
    [InlineData("Q4_K", "0a878127c2453d836f66a92461add7304f73c1e83c534aee888a64b1a833f7a5", 0, 2)]
    [InlineData("Q6_K", "0d43303d58f6bc983d208d73df325d62adf48e27f6eeb39f06b17d98e5053f8c", 208)]
    public void Blocks_have_the_numbers_of_the_formats_own_library(string name, string sha256, params int[] scales)
    {
        var type = Find(name);
        byte[] blocks = MadeUp(type, scales);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Bytes(Read(type, blocks)))));
    }

    [Fact]
    public void Four_and_five_bits_lie_where_the_layout_says()
    {
        byte[] q40 = Block("Q4_0", (1, 0x38), (2, 0x1F));                                   // d = 0.5
        Equal("Q4_0", q40, (0, 7 * 0.5f), (16, -7 * 0.5f), (1, -8 * 0.5f));
        byte[] q41 = Block("Q4_1", (1, 0x3C), (3, 0xC4), (5, 0x2A));                        // d = 1, m = -4
        Equal("Q4_1", q41, (1, 10 - 4), (17, 2 - 4), (0, -4));
        byte[] q50 = Block("Q5_0", (1, 0x40), (2, 0x01), (4, 0x02), (6, 0x30), (7, 0x05));  // d = 2, fifth bits of numbers 0 and 17
        Equal("Q5_0", q50, (0, (16 - 16) * 2), (16, (3 - 16) * 2), (1, (5 - 16) * 2), (17, (16 - 16) * 2));
        byte[] q51 = Block("Q5_1", (1, 0x3C), (3, 0xC4), (6, 0x02), (9, 0x20));             // d = 1, m = -4, fifth bit of number 17
        Equal("Q5_1", q51, (1, -4), (17, 18 - 4), (0, -4));
        byte[] q80 = Block("Q8_0", (1, 0x34), (2, 0x80), (33, 0x7F));                       // d = 0.25
        Equal("Q8_0", q80, (0, -128 * 0.25f), (31, 127 * 0.25f));
    }

    [Fact]
    public void Scales_of_super_blocks_lie_where_the_layout_says()
    {
        // d = 1, dmin = 0.5; run 0 has the scales 3 and 2, run 5 has 43 and 21, whose high bits lie on top of two other scales.
        byte[] q4 = Block("Q4_K", (1, 0x3C), (3, 0x38), (4, 3), (8, 2), (13, 0x5B), (5, 2 << 6), (9, 1 << 6),
            (16 + 7, 0x0F), (16 + 68, 0x90));
        Equal("Q4_K", q4, (7, 3 * 15 - 1), (6, -1), (5 * 32 + 4, 43 * 9 - 10.5f), (5 * 32 + 5, -10.5f));

        // d = 0.25. Number 200 is the 72nd of the second half: high bits of byte 64 + 8, bits 4 and 5 of byte 32 + 8, scale 12.
        byte[] q6 = Block("Q6_K", (209, 0x34), (72, 0x50), (128 + 40, 0x30), (192 + 12, 0xFE), (192, 1), (0, 0x0A));
        Equal("Q6_K", q6, (200, 0.25f * -2 * (53 - 32)), (201, 0.25f * -2 * -32), (0, 0.25f * (10 - 32)));
    }

    [Fact]
    public void Plain_numbers_are_what_they_are()
    {
        Assert.Equal([1.5f, -2f], Read(Find("F32"), [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]));
        Assert.Equal([1f, -2f, 5.9604645e-8f], Read(Find("F16"), [0, 0x3C, 0, 0xC0, 1, 0]));
        Assert.Equal([1.5f, -2f], Read(Find("BF16"), [0xC0, 0x3F, 0, 0xC0]));
    }

    /// <summary>Rows are exchanged as whole rows of blocks, whatever the type.</summary>
    [Theory]
    [InlineData("F16", 32)]
    [InlineData("BF16", 32)]
    [InlineData("Q5_1", 64)]
    [InlineData("Q4_K", 256)]
    [InlineData("Q6_K", 512)]
    public void Rows_of_heads_come_in_the_order_of_checkpoints(string name, int width)
    {
        var type = Find(name);
        const int heads = 2, size = 6;
        int rowBytes = width / type.BlockValues * type.BlockBytes;
        byte[] data = new byte[heads * size * rowBytes];
        for (int i = 0; i < data.Length; i++) data[i] = (byte)((i * 31 + i / rowBytes) & 0x3B);   // every scale is finite
        string path = new GgufBytes { Tensors = [new("t", [heads * size, width], type.Id, data)] }.Save(_scratch.At("x.gguf"));
        using var file = GgufFile.Open(path);
        byte[] Written(int? pairedHeads)
        {
            using var stream = new MemoryStream();
            DequantisedTensor.Source(file, file.Tensors[0], "t", ElementType.F32, pairedHeads).CopyTo(stream, CancellationToken.None);
            return stream.ToArray();
        }
        byte[] plain = Written(null), ordered = Written(heads);
        Assert.Equal(Bytes(Read(type, data)), plain);
        int[] rows = [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11];
        Assert.Equal(rows.SelectMany(row => plain[(row * width * 4)..((row + 1) * width * 4)]), ordered);
    }

    [Fact]
    public void Bf16_is_rounded_to_nearest_with_ties_to_even()
    {
        float[] values = [1, BitConverter.UInt32BitsToSingle(0x3F808000), BitConverter.UInt32BitsToSingle(0x3F818000),
            BitConverter.UInt32BitsToSingle(0x3F808001), -BitConverter.UInt32BitsToSingle(0x3F80FFFF), 0, float.Epsilon, -0.0f];
        string path = new GgufBytes { Tensors = [GgufBytesTensor.F32("t", [values.Length], values)] }.Save(_scratch.At("x.gguf"));
        using var file = GgufFile.Open(path);
        using var stream = new MemoryStream();
        DequantisedTensor.Source(file, file.Tensors[0], "t", ElementType.BF16, null).CopyTo(stream, CancellationToken.None);
        ushort[] own = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(stream.ToArray()).ToArray();
        Assert.Equal([0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xBF81, 0, 0, 0x8000], own);
    }

    private static GgufType Find(string name) => GgufTypes.All.Single(type => type.Name == name);

    private static byte[] Block(string name, params (int At, int Value)[] bytes)
    {
        byte[] block = new byte[Find(name).BlockBytes];
        foreach (var (at, value) in bytes) block[at] = (byte)value;
        return block;
    }

    private static void Equal(string name, byte[] block, params (int At, float Value)[] expected)
    {
        float[] values = Read(Find(name), block);
        foreach (var (at, value) in expected) Assert.Equal((name, at, value), (name, at, values[at]));
    }

    private static float[] Read(GgufType type, byte[] blocks)
    {
        float[] values = new float[blocks.Length / type.BlockBytes * type.BlockValues];
        type.Read(blocks, values);
        return values;
    }

    /// <summary>Bytes of a linear congruential sequence; the halves that scale are kept finite.</summary>
    private static byte[] MadeUp(GgufType type, int[] scales)
    {
        byte[] bytes = new byte[3 * type.BlockBytes];
        uint x = (uint)(type.Name.Length * 1000 + type.BlockBytes);
        for (int i = 0; i < bytes.Length; i++)
        {
            x = unchecked(x * 1103515245 + 12345) & 0x7FFFFFFF;
            bytes[i] = (byte)(x >> 16);
            if (scales.Contains(i % type.BlockBytes - 1)) bytes[i] &= 0xBF;
        }
        return bytes;
    }

    private static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();
}
