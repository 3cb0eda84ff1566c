using System.Runtime.InteropServices;
using Interlace.Exporting;
using Interlace.Tests;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Llama;

/// <summary>Blocks of the types that are written, against those of ggml's own library.</summary>
public sealed unsafe partial class QuantisationTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    static QuantisationTests() => LlamaModel.Load();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("Q8_0")]
    [InlineData("F16")]
    [InlineData("BF16")]
    public void Numbers_of_all_sizes_become_the_library_s_bytes(string name)
    {
        var type = GgufTypes.Named(name);
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            // Halves between two steps, zeros, and numbers that are tiny beside the largest are among them.
            double scale = Math.Pow(10, random.Next(-30, 5));
            float[] values = [.. Enumerable.Range(0, 1024).Select(i => (i + round) % 7 == 0 ? 0f : round % 3 == 0
                ? (float)(random.Next(-254, 255) / 2.0 * scale) : (float)((random.NextDouble() - 0.5) * scale))];
            if (round % 10 == 0) Array.Clear(values, 64, 32);
            Assert.Equal(Library(type, values), Own(type, values));
        }
    }

    [Fact]
    public void The_weights_of_the_demo_s_model_become_the_library_s_blocks()
    {
        foreach (string type in (string[])["f32", "q8_0"]) ExportStage.Run(DemoModels.Dense, _scratch.At("gguf"), type, "demo");
        int blocks = 0;
        foreach (string part in (string[])["", "mmproj-"])
        {
            using var exact = GgufFile.Open(_scratch.At("gguf", $"{part}demo-f32.gguf"));
            using var own = GgufFile.Open(_scratch.At("gguf", $"{part}demo-q8_0.gguf"));
            foreach (var tensor in own.Tensors.Where(tensor => tensor.Type.IsQuantised))
            {
                float[] values = new float[tensor.Elements];
                exact.Read(exact.Tensors.Single(other => other.Name == tensor.Name), 0, values);
                Assert.Equal(Library(tensor.Type, values), own.Bytes(tensor, 0, (int)tensor.Bytes).ToArray());
                blocks += values.Length / tensor.Type.BlockValues;
            }
        }
        Assert.True(blocks > 10_000);
    }

    private static byte[] Own(GgufType type, float[] values)
    {
        byte[] blocks = new byte[values.Length / type.BlockValues * type.BlockBytes];
        type.Write!(values, blocks);
        return blocks;
    }

    private static byte[] Library(GgufType type, float[] values)
    {
        byte[] blocks = new byte[values.Length / type.BlockValues * type.BlockBytes];
        fixed (float* from = values)
        fixed (byte* to = blocks)
            Assert.Equal((nuint)blocks.Length, ggml_quantize_chunk(type.Id, from, to, 0, 1, values.Length, null));
        return blocks;
    }

    [LibraryImport("libggml-base")]
    private static partial nuint ggml_quantize_chunk(uint type, float* from, void* to, long start, long rows, long width,
        float* importance);
}
