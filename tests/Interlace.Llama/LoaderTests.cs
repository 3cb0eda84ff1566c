using System.Text;
using Interlace.Evaluation.Tables;
using Interlace.Exporting;
using Interlace.Tests;
using Interlace.Vlm.Checkpoints.Gguf;
using LLama.Exceptions;

namespace Interlace.Llama;

/// <summary>What llama.cpp's loader makes of exported files: it takes all types, and checks the number of layers itself.</summary>
public sealed class LoaderTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_wrong_number_of_layers_is_refused(int difference)
    {
        string folder = _scratch.At("gguf");
        var result = ExportStage.Run(DemoModels.Dense, folder, "f16", "demo");
        string path = Path.Combine(folder, result.Files[0].Name);
        using (var right = new LlamaModel(path)) Assert.Equal(result.Layers, right.LayerCount);
        string key;
        using (var file = GgufFile.Open(path))
            key = file.Keys.Names.Single(name => name.EndsWith(".block_count", StringComparison.Ordinal));

        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key)) + key.Length + sizeof(uint);
        Assert.Equal(result.Layers, BitConverter.ToInt32(bytes, at));
        BitConverter.TryWriteBytes(bytes.AsSpan(at), result.Layers + difference);
        File.WriteAllBytes(path, bytes);
        Assert.Throws<LoadWeightsFailedException>(() => new LlamaModel(path));
    }

    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("q8_0")]
    public void Files_of_every_type_are_read_and_see_pictures(string type)
    {
        using var exact = ExportedModel.Open(DemoModels.Dense, _scratch);
        using var rounded = ExportedModel.Open(DemoModels.Dense, _scratch, type);
        using var table = BenchmarkTable.Open(Benchmarks.In(DemoModels.Tables)[0].Path);
        byte[] picture = table.Images(table.Rows[0])[0];
        float[] expected = exact.Logits(exact.Prompt("<__media__>What is this?", [picture]));
        float[] own = rounded.Logits(rounded.Prompt("<__media__>What is this?", [picture]));
        Assert.NotEqual(expected, own);
        Assert.True(Cosine(expected, own) > 0.99, $"{Cosine(expected, own)}");
    }

    private static double Cosine(float[] a, float[] b) =>
        a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
}
